"""Checks of the accessibility of a page."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}
# Elements that scroll horizontally, except code and tabs, which may.
OVERFLOW = """() => {
  const isWide = (element) => element.scrollWidth > element.clientWidth + 1
    && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && !element.matches('pre, .tabs');
  const root = document.documentElement;
  const found = [...document.querySelectorAll('body, body *')].filter(isWide);
  return [...(root.scrollWidth > root.clientWidth ? [root] : []), ...found].map(({ className, tagName }) => className || tagName);
}"""

# Whether no transition is running. Infinite animations are ignored.
IS_STILL = """() => document.getAnimations().every(
  (it) => it.playState !== 'running' || it.effect?.getTiming().iterations === Infinity)"""


def violations(page: Page, *rules: str) -> list[str]:
    """Returns the violated rules of axe with the elements. Checks only `rules`, or all rules if there are none."""
    # During a transition, such as that of a button that has just been enabled, colors are not final.
    page.wait_for_function(IS_STILL)
    broken = Axe().run(page, options={"runOnly": list(rules)} if rules else None).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in broken
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """Returns the elements that are wider than the page or scroll horizontally."""
    return page.evaluate(OVERFLOW)
