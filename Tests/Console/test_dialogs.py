"""Toasts while dialogs are open, and the closing of dialogs."""

import pytest
from harness.accessibility import violations
from harness.console import Console, text_file
from harness.engine import MODULES
from harness.sample import Sample
from harness.server import PROJECT, Server
from playwright.sync_api import Locator, Page, Route, expect
from support.server import eventually

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def show_error(page: Page, text: str) -> Locator:
    """Shows an error as a toast, and waits until it is visible."""
    modules = MODULES.search(page.content())
    assert modules
    page.evaluate(
        "async ([modules, text]) => (await import(modules + 'ui/toast.js')).toastError(text)", [modules[0], text]
    )
    toast = page.locator(".toast").filter(has_text=text)
    expect(toast).to_be_visible()
    box, size = toast.bounding_box(), page.viewport_size
    assert box and size and abs(box["y"] + box["height"] - (size["height"] - 20)) < 2, f"{box} in {size}"
    assert abs(box["x"] + box["width"] / 2 - size["width"] / 2) < 2, f"{box} in {size}"
    return toast


def test_messages_can_be_read_and_closed_while_dialogs_are_open(page, console):
    page.emulate_media(reduced_motion="reduce")
    console.open().files()
    console.choose(text_file("a.txt"))
    page.get_by_role("button", name="Change").click()
    expect(console.dialog).to_have_count(2)
    # Everything outside the topmost dialog is inert: it cannot be clicked, and screen readers do not see it.
    toast = show_error(page, "Error above two dialogs")
    expect(console.dialog.last).to_contain_text("Error above two dialogs")
    assert violations(page) == []
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)
    toast = show_error(page, "Error that outlasts a dialog")
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(1)
    expect(console.dialog).to_contain_text("Error that outlasts a dialog")
    # The Tab key stays in the dialog, and reaches the toast.
    dismiss = toast.get_by_role("button", name="Dismiss")
    for _ in range(20):
        page.keyboard.press("Tab")
        if dismiss.evaluate("(it) => it === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(toast).to_have_count(0)
    toast = show_error(page, "Error that outlasts all dialogs")
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    expect(toast).to_be_visible()
    toast.get_by_role("button", name="Dismiss").click()
    expect(toast).to_have_count(0)


def test_closing_the_dialog_stops_a_deletion(page, console, server):
    root = server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"]
    for name in ("a", "b", "c"):
        Sample(server).folder(root, name)
    held: list[Route] = []
    page.route("**/v2/files/*", lambda it: held.append(it) if it.request.method == "DELETE" else it.fallback())
    console.open().files()
    page.get_by_role("checkbox", name="Select all").check()
    page.get_by_role("button", name="Delete", exact=True).click()
    console.dialog.get_by_role("button", name="Delete", exact=True).click()
    eventually(lambda: page.evaluate("0") or held, "the first folder is being deleted")
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    with page.expect_response(lambda response: response.request.method == "DELETE"):
        held[0].continue_()
    # Lets the page react to the response.
    console.go("#/projects").files()
    console.expect_names("a", "b")
    assert len(held) == 1 and sorted(server.files()) == ["a", "b"]
