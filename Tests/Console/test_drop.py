"""Upload links: managing them in a project, and sending files without an account."""

from datetime import datetime, timedelta, timezone

import pytest
import requests
from harness.accessibility import sideways, violations
from harness.console import WITHOUT_PICKER, Console, text_file
from harness.sample import Sample
from harness.server import PROJECT, Server
from playwright.sync_api import BrowserContext, Page, expect


@pytest.fixture(autouse=True)
def first(server: Server) -> None:
    """Starts the server before the page. Otherwise it would stop first, and the page would log failed requests."""


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def new_link(server: Server, **fields: object) -> dict:
    return server.call("POST", "/upload_links", {"project": PROJECT, "name": "Samples of lab B"} | fields).json()


class Sender:
    """The page of a link."""

    def __init__(self, page: Page, server: Server, link: dict) -> None:
        self.page, self.server = page, server
        self.address = f"{server.origin}/drop/{link['id']}#{link['secret']}"
        page.add_init_script(WITHOUT_PICKER)

    def open(self, sender: str = "", password: str = "") -> "Sender":
        self.page.goto(self.address)
        if sender:
            self.page.get_by_label("Your name").fill(sender)
        if password:
            self.page.get_by_label("Password").fill(password)
        self.page.get_by_role("button", name="Continue").click()
        return self

    def send(self, *files: dict) -> None:
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Choose files").click()
        chooser.value.set_files(list(files))

    def expect(self, text: str) -> None:
        expect(self.page.locator(".transfer-head")).to_contain_text(text)


def test_a_link_is_created_edited_and_revoked(page, console, server):
    folder = Sample(server).folder(
        server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"], "inbox"
    )
    console.open(f"#/projects/{PROJECT}/links")
    expect(page.get_by_text("No upload links")).to_be_visible()
    page.locator(".page-head").get_by_role("button", name="New link").click()
    console.dialog.get_by_label("Name", exact=True).fill("Lab B")
    console.dialog.get_by_label("Note to the senders").fill("<img src=x onerror=window.pwned=1>\nSecond line")
    console.dialog.get_by_label("File limit").fill("5")
    console.dialog.get_by_label("Size limit in GiB").fill("0.5")
    console.dialog.get_by_label("Password (optional)").fill("short")
    console.dialog.get_by_role("button", name="Create link").click()
    expect(console.dialog_error).to_contain_text("at least 8 characters")
    console.dialog.get_by_label("Password (optional)").fill("long enough")
    console.dialog.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="inbox").click()
    page.get_by_role("button", name="Use this folder").click()
    expect(console.dialog).to_contain_text("Uploads / inbox")
    console.dialog.get_by_role("button", name="Create link").click()
    expect(console.dialog).to_contain_text("it is shown only once")
    address = console.dialog.locator("pre").inner_text()
    created = server.call("GET", "/upload_links", project=PROJECT).json()["items"][0]
    assert address.startswith(f"{server.origin}/drop/{created['id']}#")
    assert created["parent"] == folder and created["max_files"] == 5 and created["max_bytes"] == 1 << 29
    assert created["has_password"] and created["note"] == "<img src=x onerror=window.pwned=1>\nSecond line"
    console.submit("Done")
    assert address.partition("#")[2] not in page.content()
    page.get_by_role("button", name="Edit “Lab B”").click()
    console.dialog.get_by_label("Name", exact=True).fill("Lab C")
    console.dialog.get_by_label("File limit").fill("")
    console.dialog.get_by_label("Remove the password").check()
    console.submit("Save")
    expect(page.get_by_role("heading", name="Lab C")).to_be_visible()
    changed = server.call("GET", f"/upload_links/{created['id']}").json()
    assert "max_files" not in changed and not changed["has_password"] and changed["expires"] == created["expires"]
    page.get_by_role("button", name="Revoke “Lab C”").click()
    console.submit("Revoke")
    expect(page.get_by_text("No upload links")).to_be_visible()
    assert page.evaluate("() => window.pwned") is None


def test_a_sender_uploads_and_sees_nothing_else(page, server, tmp_path):
    Sample(server).file(
        server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"], "secret.txt", b"x"
    )
    link = new_link(server, note="Please send <b>all</b> files", max_files=10)
    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    sender = Sender(page, server, link).open("Anna")
    expect(page.get_by_role("heading", name="Samples of lab B")).to_be_visible()
    expect(page.get_by_text("Please send <b>all</b> files")).to_be_visible()
    expect(page.get_by_text("accepts 10 more files")).to_be_visible()
    sender.send(text_file("a.fastq", "reads"), text_file("b.fastq", "more reads"))
    sender.expect("2 verified")
    expect(page.get_by_text("accepts 8 more files")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text("secret.txt")
    assert all(link["secret"] not in url for url in requested)
    paths = {url.removeprefix(server.origin).split("?")[0] for url in requested if url.startswith(server.origin)}
    assert all(
        path.startswith(("/drop/", "/console/", "/v2/upload", "/storage/parts/")) or path == "/v2/" for path in paths
    )
    arrived = {path: file for path, file in server.tree().items() if path != "secret.txt"}
    assert sorted(path.split("/")[-1] for path in arrived) == ["a.fastq", "b.fastq"]
    assert all("Anna" in path.split("/")[0] for path in arrived)


def test_a_folder_keeps_its_tree(page, server, tmp_path):
    (tmp_path / "run" / "lane 1").mkdir(parents=True)
    (tmp_path / "run" / "lane 1" / "a.txt").write_text("a")
    (tmp_path / "run" / "b.txt").write_text("b")
    sender = Sender(page, server, new_link(server)).open()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(tmp_path / "run")
    sender.expect("2 verified")
    assert sorted(path.split("/", 1)[1] for path in server.tree()) == ["run/b.txt", "run/lane 1/a.txt"]


def test_a_reload_keeps_the_session_and_two_senders_are_separate(page, context: BrowserContext, server):
    link = new_link(server)
    first = Sender(page, server, link).open("Anna")
    first.send(text_file("a.txt", "from Anna"))
    first.expect("1 verified")
    page.reload()
    expect(page.get_by_text("Sending as Anna")).to_be_visible()
    second = Sender(context.new_page(), server, link).open("Ben")
    second.send(text_file("a.txt", "from Ben"))
    second.expect("1 verified")
    expect(second.page.locator("body")).not_to_contain_text("Anna")
    assert len({path.split("/")[0] for path in server.tree()}) == 2


@pytest.mark.console_errors("403")
def test_a_password_is_asked_for(page, server):
    link = new_link(server, password="correct horse")
    sender = Sender(page, server, link).open(password="wrong password")
    expect(page.get_by_role("alert").filter(has_text="password")).to_be_visible(timeout=60_000)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_role("button", name="Continue").click()
    sender.send(text_file("a.txt"))
    sender.expect("1 verified")


@pytest.mark.console_errors("403", "429")
def test_too_many_wrong_passwords_are_explained(page, server):
    def refuse(route):
        if "password" not in route.request.post_data_json:
            return route.fallback()
        route.fulfill(status=429, headers={"Retry-After": "841"}, json={"code": 429, "message": "Too many attempts."})

    page.route("**/v2/upload_links/session", refuse)
    Sender(page, server, new_link(server, password="correct horse")).open(password="wrong password")
    alert = page.get_by_role("alert").filter(has_text="too many attempts")
    expect(alert).to_contain_text("Try again in 15 minutes.")
    expect(page.get_by_role("button", name="Continue")).to_be_enabled()


@pytest.mark.console_errors("409")
def test_limits_are_shown_and_explained(page, server):
    link = new_link(server, max_files=1)
    sender = Sender(page, server, link).open()
    expect(page.get_by_text("accepts 1 more file.")).to_be_visible()
    sender.send(text_file("a.txt"), text_file("b.txt"))
    expect(page.locator(".toast")).to_contain_text("accepts only 1 more")
    sender.expect("1 verified · 1 failed")
    expect(page.locator(".is-failed")).to_contain_text("limit")
    page.locator(".is-failed").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("button", name="Dismiss").click()
    expect(page.locator(".toast")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("has reached its limit")).to_be_visible()


@pytest.mark.console_errors("40[134]", "410")
def test_links_that_cannot_be_used_are_explained(page, context: BrowserContext, server):
    link = new_link(server)
    page.goto(f"{server.origin}/drop/{link['id']}")
    expect(page.get_by_text("The part after “#” is missing")).to_be_visible()
    sender = Sender(context.new_page(), server, link).open()
    expect(sender.page.locator(".drop-zone")).to_be_visible()
    server.call("DELETE", f"/upload_links/{link['id']}")
    sender.send(text_file("a.txt"))
    expect(sender.page.get_by_text("no longer valid")).to_be_visible()
    revoked = context.new_page()
    revoked.goto(sender.address)
    expect(revoked.get_by_role("heading", name="This link does not exist")).to_be_visible()
    assert server.tree() == {}


@pytest.mark.console_errors("410")
def test_an_expired_link_is_explained(page, server):
    # Longer than a slow machine takes to create the link, because the server refuses an expiry in the past.
    soon = datetime.now(timezone.utc) + timedelta(seconds=15)
    link = new_link(server, expires=soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    while server.call("GET", f"/upload_links/{link['id']}").json()["state"] != "expired":
        page.wait_for_timeout(200)
    page.goto(f"{server.origin}/drop/{link['id']}#{link['secret']}")
    expect(page.get_by_role("heading", name="This link is no longer valid")).to_be_visible()


@pytest.mark.console_errors("403")
def test_the_page_of_a_link_is_accessible_and_fits_a_small_screen(page, server):
    page.set_viewport_size({"width": 320, "height": 640})
    link = new_link(server, note="Please send all files", password="correct horse")
    page.goto(f"{server.origin}/drop/{link['id']}#{link['secret']}")
    expect(page.get_by_label("Password")).to_be_focused()
    assert violations(page) == [] and sideways(page) == []
    page.get_by_label("Password").fill("correct horse")
    page.keyboard.press("Enter")
    expect(page.locator(".drop-zone")).to_be_visible()
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert violations(page) == [] and sideways(page) == []
