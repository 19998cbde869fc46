"""The uploads of the queue that are aborted, retried, paused and cancelled."""

import pytest
from harness.console import Console, text_file
from harness.files import MIB, random_file
from harness.sample import Sample
from harness.server import PROJECT
from playwright.sync_api import Page, Route, expect
from support.server import eventually

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


def refuse(route: Route) -> None:
    """Responds with an error that is not retried."""
    route.fulfill(status=403, json={"code": 1, "message": "Refused by the test."})


class Calls:
    """Counts the calls with which a page starts and aborts uploads."""

    def __init__(self, page: Page) -> None:
        self.started = self.aborted = 0
        page.on("request", lambda request: self._count(request.method, request.url.split("?")[0]))

    def _count(self, method: str, address: str) -> None:
        self.started += method == "POST" and address.endswith("/upload/multipart")
        self.aborted += method == "DELETE" and "/upload/multipart/" in address


@pytest.mark.console_errors("403")
def test_clearing_keeps_failed_uploads_and_retrying_all_leaves_cancelled_ones(page, server):
    console, calls = Console(page, server), Calls(page)
    console.open().files()
    page.route("**/complete", refuse)
    console.choose(file := text_file("a.txt"))
    console.submit("Start upload")
    console.expect_transfers("1 failed")
    page.get_by_role("button", name="Close and clear the list").click()
    expect(console.transfers).to_be_hidden()
    console.choose(text_file("b.txt"))
    console.submit("Start upload")
    console.expect_transfers("1 failed")
    assert (calls.started, calls.aborted) == (2, 0)
    page.route("**/storage/parts/**", lambda route: None)
    console.choose(text_file("c.txt"))
    console.submit("Start upload")
    expect(console.transfers.locator(".is-sending")).to_have_count(1)
    expect(console.transfers.locator(".transfer-row")).to_have_count(2)
    page.get_by_role("button", name="Cancel c.txt").click()
    console.expect_transfers("1 failed · 1 cancelled")
    page.unroute("**/storage/parts/**")
    page.unroute("**/complete")
    page.get_by_role("button", name="Retry failed files").click()
    console.expect_transfers("1 verified · 1 cancelled")
    assert list(server.files()) == ["b.txt"]
    assert [upload["name"] for upload in server.uploads()] == [file["name"]]


@pytest.mark.console_errors("403")
def test_an_older_row_does_not_abort_the_upload_of_a_newer_one(engine, page, server):
    calls, held = Calls(page), []
    page.route("**/complete", refuse, times=1)
    engine.add_generated([("a.bin", 1000)])
    engine.wait(failed=1)
    page.route("**/complete", lambda route: held.append(route))
    engine.add_generated([("a.bin", 1000)])
    eventually(lambda: page.evaluate("0") or held, "the second row completes the upload of the first one")
    page.evaluate("() => engine.queue.cancel([engine.queue.items[0]])")
    assert engine.states() == {"cancelled": 1, "finishing": 1}
    held[0].continue_()
    engine.wait(cancelled=1, verified=1)
    assert (calls.started, calls.aborted) == (1, 0)


def test_an_upload_that_a_row_is_about_to_resume_cannot_be_aborted(page, server, tmp_path):
    console, held = Console(page, server), []
    file = random_file(tmp_path / "a.bin", MIB)
    page.route("**/storage/parts/**", lambda route: None)
    console.open().files()
    console.choose(file)
    console.submit("Start upload")
    expect(console.transfers.locator(".is-sending")).to_have_count(1)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.unroute("**/storage/parts/**")
    page.locator(".dock > .transfers").wait_for(state="attached")
    page.route("**/upload/multipart/*list_parts*", lambda route: held.append(route))
    console.files().choose(file)
    console.submit("Start upload")
    eventually(lambda: page.evaluate("0") or held, "the row asks for the upload")
    console.go("#/uploads")
    expect(page.locator("#main").get_by_role("row").filter(has_text="a.bin")).to_contain_text("Running here")
    expect(page.get_by_role("button", name="Abort a.bin")).to_have_count(0)
    held[0].continue_()
    console.expect_transfers("1 verified")


def test_pause_and_cancel_work_while_a_folder_is_created(engine, page, server):
    held: list[Route] = []
    page.route("**/v2/files", lambda it: held.append(it) if it.request.method == "POST" else it.fallback())
    engine.add_generated([("run/a.bin", 1000), ("run/b.bin", 1000)])
    engine.wait_for("engine.states().preparing === 2", "both files need the folder")
    eventually(lambda: page.evaluate("0") or held, "the folder is being created")
    engine.call("queue.pause()")
    page.evaluate("() => engine.queue.cancel([engine.queue.items[1]])")
    engine.wait_for("engine.states().paused && engine.states().cancelled", "one is paused, one is cancelled")
    held[0].continue_()
    engine.call("queue.resume()")
    engine.wait(verified=1, cancelled=1)
    assert list(server.tree()) == ["run/a.bin"] and len(held) == 1


@pytest.mark.console_errors("409")
def test_tags_of_an_identical_file_stay(engine, page, server):
    root = server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"]
    Sample(server).file(root, "a.txt", b"same", tags=["earlier"], metadata={"lane": "1"})
    page.evaluate("""() => engine.queue.add([{ path: 'a.txt', file: new File(['same'], 'a.txt') }], {
        project: 'admin/uploads', labels: () => ({ tags: ['added'], metadata: { run: '2' } }) })""")
    engine.wait(verified=1)
    file = server.files()["a.txt"]
    assert sorted(file["tags"]) == ["added", "earlier"] and file["metadata"] == {"lane": "1", "run": "2"}
