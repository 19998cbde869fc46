"""What makes a page hard to use for some people."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

SERIOUS = {"serious", "critical"}
# Elements that scroll sideways; long lines of code and tabs may.
OVERFLOW = """() => {
  const isWide = (element) => element.scrollWidth > element.clientWidth + 1
    && ['auto', 'scroll'].includes(getComputedStyle(element).overflowX) && !element.matches('pre, .tabs');
  const root = document.documentElement;
  const found = [...document.querySelectorAll('body, body *')].filter(isWide);
  return [...(root.scrollWidth > root.clientWidth ? [root] : []), ...found].map(({ className, tagName }) => className || tagName);
}"""

# Whether no transition is running; endless animations never end.
IS_STILL = """() => document.getAnimations().every(
  (it) => it.playState !== 'running' || it.effect?.getTiming().iterations === Infinity)"""


def violations(page: Page, *rules: str) -> list[str]:
    """The rules of axe that the page breaks, with the elements; of all rules without `rules`."""
    # In the middle of a transition, for example of a button that has just been enabled, colors are not the final ones.
    page.wait_for_function(IS_STILL)
    broken = Axe().run(page, options={"runOnly": list(rules)} if rules else None).response["violations"]
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in broken
        if violation["impact"] in SERIOUS
        for node in violation["nodes"]
    ]


def sideways(page: Page) -> list[str]:
    """What is wider than the page, or scrolls sideways."""
    return page.evaluate(OVERFLOW)
