"""The console works with a keyboard, a screen reader and a small screen, in light and dark."""

from collections.abc import Iterator

import pytest
from harness.accessibility import sideways, violations
from harness.console import Console, text_file
from harness.sample import Sample
from harness.server import PROJECT, Server
from playwright.sync_api import Page, expect
from support.server import eventually

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def states(console: Console, server: Server) -> Iterator[str]:
    """Brings the page into each view and dialog, and yields its name."""
    page = console.page
    project = Sample(server).run(samples=2)
    page.goto(server.origin)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    yield "sign-in"
    console.open()
    yield "projects"
    page.get_by_role("button", name="New project").click()
    yield "new project"
    page.keyboard.press("Escape")
    console.files(project=project["id"])
    yield "files"
    console.details("SampleSheet.csv").get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Whole file")).to_be_visible()
    yield "details"
    page.get_by_role("button", name="Edit").click()
    yield "tags and metadata"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Close details").click()
    console.row("README.md").get_by_role("checkbox").check()
    yield "selection"
    page.get_by_role("button", name="Move", exact=True).click()
    expect(console.dialog.get_by_role("button", name="fastq")).to_be_visible()
    yield "folder picker"
    page.keyboard.press("Escape")
    console.row("README.md").get_by_role("button", name="Actions for README.md").click()
    yield "menu"
    page.keyboard.press("Escape")
    console.choose(text_file("README.md", "different"), text_file("new.txt"))
    console.dialog.get_by_text("Tags and metadata", exact=True).click()
    console.dialog.get_by_role("button", name="Add metadata").click()
    yield "upload dialog"
    console.submit("Start upload")
    console.expect_transfers("1 verified · 1 failed")
    yield "uploads"
    page.get_by_role("button", name="Close and clear the list").click()
    for view in ("members", "settings"):
        console.go(f"#/projects/{project['id']}/{view}")
        yield view
    if "upload_links" in server.call("GET", "/").json()["extensions"]:
        server.call("POST", "/upload_links", {"project": project["id"], "name": "Lab B", "note": "Please send"})
        console.go(f"#/projects/{project['id']}/links")
        yield "links"
        page.get_by_role("button", name="New link").click()
        yield "new link"
        page.keyboard.press("Escape")
    yield from webhooks(console, server, project["id"])
    for view in ("uploads", "server", "account"):
        console.go(f"#/{view}")
        yield view
    empty = Sample(server).project("Empty")
    console.files(project=empty["id"])
    yield "empty project"


def webhooks(console: Console, server: Server, project: str) -> Iterator[str]:
    """Brings the page into the views and dialogs of webhooks, and yields their names."""
    page = console.page
    # All attempts of this webhook fail, because the address is not public.
    webhook = {"project": project, "url": "http://10.1.2.3:8080/a-path-that-is-wider-than-a-small-screen/hook"}
    server.call("POST", "/webhooks", webhook | {"types": ["file.created", "folder.created"]})
    server.call("POST", "/files", {"project": project, "name": "new folder", "type": "folder"})
    eventually(lambda: server.call("GET", "/webhooks", project=project).json()["items"][0]["attempts"] > 0, "it fails")
    console.go(f"#/projects/{project}/webhooks")
    yield "webhooks"
    page.get_by_role("button", name="Edit").click()
    yield "webhook"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="Continue from another position…").click()
    console.dialog.get_by_label("Cursor").fill("")
    console.dialog.get_by_role("button", name="Continue there").click()
    expect(console.dialog.locator(".field").get_by_role("alert")).to_be_visible()
    yield "webhook position"
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name="New secret…").click()
    console.dialog.get_by_role("button", name="Create secret").click()
    console.dialog.get_by_role("button", name="Send test event").click()
    expect(console.dialog.get_by_role("status").filter(has_text="not accepted")).to_be_visible()
    yield "webhook secret"
    console.submit("Done")


@pytest.mark.console_errors("409")
# The themes differ only in colors.
@pytest.mark.parametrize("theme, rules", [("light", ()), ("dark", ("color-contrast",))])
def test_axe_finds_no_serious_violation(page, console, server, theme, rules):
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = {state: violations(page, *rules) + sideways(page) for state in states(console, server)}
    assert {state: problems for state, problems in found.items() if problems} == {}


@pytest.mark.console_errors("409")
def test_a_width_of_320_pixels_needs_no_sideways_scrolling(page, console, server):
    page.set_viewport_size({"width": 320, "height": 640})
    page.emulate_media(reduced_motion="reduce")
    found = {state: wide for state in states(console, server) if (wide := sideways(page))}
    assert found == {}


def test_the_navigation_of_a_small_screen_opens_and_closes(page, console):
    page.set_viewport_size({"width": 360, "height": 640})
    console.open()
    expect(page.get_by_role("link", name="Server")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("link", name="Pontoon, projects")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Menu")).to_be_focused()
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("link", name="Server").click()
    expect(page.get_by_role("heading", name="Server", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="Account")).to_be_hidden()


def test_the_tab_of_the_view_is_visible_on_a_small_screen(page, console):
    page.set_viewport_size({"width": 320, "height": 640})
    console.open(f"#/projects/{PROJECT}/settings")
    expect(page.get_by_role("link", name="Settings", exact=True)).to_be_in_viewport(ratio=1)
    console.go(f"#/projects/{PROJECT}/files")
    expect(page.get_by_role("link", name="Files", exact=True)).to_be_in_viewport(ratio=1)


LABEL_AND_ROLE = """() => {
  const it = document.activeElement;
  const label = it.getAttribute('aria-label') ?? it.labels?.[0]?.textContent ?? it.textContent;
  return [label, it.getAttribute('role') ?? it.localName];
}"""


def tab_to(page: Page, name: str, role: str | None = None, most: int = 40) -> None:
    """Presses Tab until the control with this name has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(LABEL_AND_ROLE)
        if found[0].strip() == name and role in (None, found[1]):
            outline = page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none" or name == "Uploads", f"the focus on {name} is not visible"
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_everything_works_without_a_mouse(page, console, server):
    page.goto(server.origin)
    expect(page.get_by_role("textbox", name="Token")).to_be_focused()
    page.keyboard.type(server.token)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    page.locator(".dock > .transfers").wait_for(state="attached")
    tab_to(page, "Skip to content")
    page.keyboard.press("Enter")
    tab_to(page, "Uploads", "a")
    page.keyboard.press("Enter")
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    expect(page.get_by_role("heading", name="Uploads", level=1)).to_be_focused()
    tab_to(page, "Upload", "button")
    with console.chooser() as chooser:
        page.keyboard.press("Enter")
        expect(page.get_by_role("menuitem", name="Choose files")).to_be_focused()
        page.keyboard.press("ArrowDown")
        expect(page.get_by_role("menuitem", name="Choose a folder")).to_be_focused()
        page.keyboard.press("ArrowUp")
        page.keyboard.press("Enter")
    chooser[0].set_files([text_file("a.txt", "first"), text_file("b.txt", "second")])
    expect(console.dialog.get_by_role("button", name="Start upload")).to_be_focused()
    page.keyboard.press("Enter")
    console.expect_transfers("2 verified")
    console.expect_names("a.txt", "b.txt")
    expect(page.locator(".transfers [role=status]")).to_contain_text("Upload finished")
    tab_to(page, "Search this folder by name, tag or metadata")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.getAttribute('role')") == "row":
            break
    expect(console.row("a.txt")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(console.row("b.txt")).to_be_focused()
    page.keyboard.press(" ")
    expect(console.row("b.txt")).to_have_attribute("aria-selected", "true")
    page.keyboard.press(" ")
    page.keyboard.press("Enter")
    details = page.get_by_role("complementary", name="Details")
    expect(details.get_by_role("button", name="Close details")).to_be_focused()
    with page.expect_download() as download:
        tab_to(page, "Download")
        page.keyboard.press("Enter")
    assert download.value.path().read_text() == "second"
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()
    expect(console.row("b.txt")).to_be_focused()
    page.keyboard.press("F2")
    page.keyboard.type("renamed.txt")
    page.keyboard.press("Enter")
    console.expect_names("a.txt", "renamed.txt")
    page.keyboard.press("Delete")
    expect(console.dialog).to_contain_text("renamed.txt")
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    assert sorted(server.files()) == ["a.txt", "renamed.txt"]
