"""Fixtures: a server with the console, and a page in Chromium that must not log errors.

The server is the release build, unless TEST_PONTOOND names another binary.
"""

import pathlib
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from harness.engine import Engine
from harness.server import Server

CHROMIUM = "/usr/bin/chromium-headless-shell"
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]
# Deadline of assertions and actions in milliseconds. Playwright's 5 and 30 s are too short for a busy machine.
DEADLINE = 120_000
# Reports violations of the Content-Security-Policy as errors of the page.
REPORT_VIOLATIONS = """
addEventListener('securitypolicyviolation', (event) =>
  console.error(`Content-Security-Policy: ${event.effectiveDirective} blocked ${event.blockedURI}`));
"""

expect.set_options(timeout=DEADLINE)


@pytest.fixture(scope="session")
def launch() -> Iterator[Callable[..., Browser]]:
    """Starts Chromium with additional flags."""
    with sync_playwright() as playwright:
        yield lambda *flags: playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*ARGUMENTS, *flags], timeout=DEADLINE
        )


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Browser]) -> Iterator[Browser]:
    browser = launch()
    yield browser
    browser.close()


@pytest.fixture
def server(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server on SQLite and disk with the flags of the marker `server`."""
    arguments = [argument for mark in request.node.iter_markers("server") for argument in mark.args]
    server = Server(tmp_path, arguments=arguments)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def context(request: pytest.FixtureRequest, browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile. The test fails if one of its pages logs an error that the test does not expect."""
    allowed = [re.compile(pattern) for mark in request.node.iter_markers("console_errors") for pattern in mark.args]
    errors: list[str] = []

    def note(message: ConsoleMessage) -> None:
        text = f"{message.text} ({message.location.get('url', '')})"
        if message.type == "error" and not any(pattern.search(text) for pattern in allowed):
            errors.append(text)

    with browser.new_context(accept_downloads=True) as context:
        context.set_default_timeout(DEADLINE)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("console", note)
        context.on("weberror", lambda error: errors.append(f"uncaught: {error.error}"))
        yield context
    assert errors == [], "the page logged errors"


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """An empty page."""
    return context.new_page()


@pytest.fixture
def engine(page: Page, server: Server) -> Engine:
    """The upload engine, started in a page of the server."""
    return Engine(page, server).open()
