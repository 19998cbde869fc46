"""Several tabs of a user, and browsers that block storage."""

import pytest
from harness.console import Console
from harness.files import PART, random_file
from harness.server import Server
from playwright.sync_api import BrowserContext, Page, expect

WRONG = "0" * 32
# Simulates a browser that blocks the storage of a site.
BLOCK = """
const refuse = () => { throw new DOMException('blocked', 'SecurityError'); };
for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get: refuse });
IDBFactory.prototype.open = refuse;
LockManager.prototype.request = async () => refuse();
LockManager.prototype.query = async () => refuse();
window.BroadcastChannel = class { constructor() { refuse(); } };
"""

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


def tokens(page: Page) -> list[str]:
    """Returns the tokens that the browser stores for the tab and permanently."""
    return page.evaluate("() => [sessionStorage, localStorage].map((it) => it['pontoon.token'] ?? '')")


def sign_in(page: Page, server: Server, *, keep: bool = False) -> None:
    page.goto(server.origin)
    page.get_by_label("Token", exact=True).fill(server.token)
    page.get_by_label("Keep me signed in").set_checked(keep)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


@pytest.mark.console_errors("401")
def test_a_link_with_an_invalid_token_keeps_another_one_and_signing_out_reaches_all_tabs(
    page: Page, context: BrowserContext, server: Server
) -> None:
    sign_in(page, server, keep=True)
    invited = context.new_page()
    invited.goto(f"{server.origin}/#token={WRONG}")
    expect(invited.get_by_role("alert").filter(has_text="not valid")).to_be_visible()
    assert tokens(invited) == ["", server.token]
    invited.goto(f"{server.origin}/#/account")
    invited.reload()
    expect(invited.get_by_role("heading", name="Account")).to_be_visible()
    linked = context.new_page()
    Console(linked, server).open()
    assert tokens(linked) == [server.token, server.token]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    for tab in (page, invited, linked):
        expect(tab.get_by_role("heading", name="Sign in")).to_be_visible()
        assert tokens(tab) == ["", ""]


def test_a_browser_that_blocks_storage_signs_in_and_uploads(page, server, tmp_path):
    page.add_init_script(BLOCK)
    console = Console(page, server)
    sign_in(page, server)
    page.locator(".dock > .transfers").wait_for(state="attached")
    # A file of several parts. The engine locks such files against other tabs if it can.
    console.files().upload(random_file(tmp_path / "large.bin", PART + 1))
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert list(server.files()) == ["large.bin"]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("dialog").get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
