"""Files and folders: browsing, searching, changing, uploading."""

import hashlib
import tarfile
import zipfile

import pytest
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


@pytest.fixture
def root(server: Server) -> str:
    """Returns the id of the project's root folder."""
    return server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"]


def test_a_folder_is_created_and_a_file_uploaded_into_it(page, console, server):
    console.open().files()
    page.get_by_role("button", name="New folder").click()
    console.dialog.get_by_label("Name").fill("run 1")
    console.submit("Create folder")
    console.row("run 1").locator(".entry").click()
    expect(page.get_by_role("heading", name="run 1")).to_be_visible()
    console.upload(text_file("a.txt", "hello"), text_file("b.txt"))
    console.expect_names("a.txt", "b.txt")
    tree = server.tree()
    assert sorted(tree) == ["run 1/a.txt", "run 1/b.txt"]
    assert server.download(tree["run 1/a.txt"]) == b"hello"
    page.get_by_role("link", name="Uploads", exact=True).click()
    console.expect_names("run 1")


def test_a_locked_project_offers_no_changes(page, console, server):
    server.call("PATCH", f"/projects/{PROJECT}", {"settings": {"locked": True}})
    console.open().files()
    expect(page.get_by_text("Locked", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="New folder")).to_have_count(0)
    server.call("PATCH", f"/projects/{PROJECT}", {"settings": {"locked": False}})
    page.reload()
    console.files()
    expect(page.get_by_role("button", name="New folder")).to_be_visible()


def test_a_folder_is_uploaded_with_its_tree_tags_metadata_and_manifest(page, console, server, tmp_path):
    folder = tmp_path / "delivery"
    (folder / "lane 1").mkdir(parents=True)
    (folder / "lane 1" / "ä.fastq").write_text("reads")
    (folder / "notes.txt").write_text("notes")
    console.open().files()
    dialog = console.choose(folder, folder=True)
    expect(dialog).to_contain_text("2 files")
    dialog.get_by_text("Tags and metadata", exact=True).click()
    dialog.get_by_role("textbox", name="Tags").fill("raw")
    dialog.get_by_role("button", name="Add metadata").click()
    dialog.get_by_role("textbox", name="Key").fill("platform")
    dialog.get_by_role("textbox", name="Value").fill("NovaSeq X")
    manifest = "File name,tags,sample_id\nlane 1/ä.fastq,first|second,S1\n"
    dialog.get_by_label("Manifest (CSV)").set_input_files(text_file("manifest.csv", manifest))
    expect(dialog.get_by_role("status").filter(has_text="describes 1 of 2 files")).to_be_visible()
    console.submit("Start upload")
    console.expect_transfers("2 verified")
    tree = server.tree()
    assert sorted(tree) == ["delivery/lane 1/ä.fastq", "delivery/notes.txt"]
    assert tree["delivery/lane 1/ä.fastq"]["metadata"] == {"platform": "NovaSeq X", "sample_id": "S1"}
    assert sorted(tree["delivery/lane 1/ä.fastq"]["tags"]) == ["first", "raw", "second"]
    assert tree["delivery/notes.txt"]["tags"] == ["raw"]


def test_dropped_files_are_uploaded_to_the_open_folder(page, console, server, root):
    folder = Sample(server).folder(root, "inbox")
    console.open().files(folder)
    data = page.evaluate_handle("""() => {
        const data = new DataTransfer();
        data.items.add(new File(['dropped'], 'dropped.txt'));
        return data;
    }""")
    page.dispatch_event("#main", "dragenter", {"dataTransfer": data})
    expect(page.get_by_text("Drop to upload to")).to_contain_text("Uploads / inbox")
    page.dispatch_event("#main", "drop", {"dataTransfer": data})
    expect(console.dialog).to_contain_text("Uploads / inbox")
    console.submit("Start upload")
    console.expect_transfers("1 verified")
    assert list(server.tree()) == ["inbox/dropped.txt"]


def test_dropped_files_go_to_the_folder_that_was_open(page, console, server, root):
    folder = Sample(server).folder(root, "inbox")
    # Reading the dropped files takes until `finishReading` is called.
    page.add_init_script("""
        const read = new Promise((resolve) => { window.finishReading = () => resolve(null); });
        DataTransferItem.prototype.getAsFileSystemHandle = () => read;
    """)
    console.open().files(folder)
    page.evaluate("""() => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File(['dropped'], 'dropped.txt'));
        document.querySelector('#main').dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true }));
    }""")
    console.files()
    page.evaluate("() => window.finishReading()")
    expect(console.dialog).to_contain_text("Uploads / inbox")


def test_a_folder_is_not_shown_under_another_project(page, console, server, root):
    sample = Sample(server)
    other = sample.project("Other")
    folder = sample.folder(other["root_folder"], "theirs")
    console.open().go(f"#/projects/{PROJECT}/files/{folder}")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    console.go(f"#/projects/{other['id']}/files/{folder}")
    expect(page.get_by_role("heading", name="theirs")).to_be_visible()


def test_entries_are_renamed_moved_copied_and_deleted(page, console, server, root):
    sample = Sample(server)
    folder = sample.folder(root, "target")
    sample.file(root, "a.txt", b"a")
    console.open().files()
    console.act("a.txt", "Rename")
    console.dialog.get_by_role("textbox").fill("b.txt")
    console.submit("Rename")
    console.expect_names("b.txt", "target")
    console.act("b.txt", "Copy")
    console.dialog.get_by_role("button", name="target").click()
    expect(console.dialog.get_by_text("No folders here")).to_be_visible()
    console.submit("Copy here")
    console.toast("1 file copied to Uploads / target")
    console.act("target", "Rename")
    console.dialog.get_by_role("textbox").fill("moved")
    console.submit("Rename")
    console.expect_names("b.txt", "moved")
    console.act("b.txt", "Rename")
    console.dialog.get_by_role("textbox").fill("c.txt")
    console.submit("Rename")
    console.act("c.txt", "Move")
    console.dialog.get_by_role("button", name="moved").click()
    console.submit("Move here")
    console.expect_names("moved")
    assert sorted(server.tree()) == ["moved/b.txt", "moved/c.txt"]
    console.files(folder)
    console.act("b.txt", "Delete")
    console.submit("Delete")
    console.expect_names("c.txt")
    page.get_by_role("link", name="Uploads", exact=True).click()
    console.expect_names("moved")
    console.act("moved", "Delete")
    expect(console.dialog).to_contain_text("everything in them")
    console.submit("Delete")
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    assert server.files() == {}


@pytest.mark.console_errors("409")
def test_a_taken_name_is_explained(page, console, server, root):
    sample = Sample(server)
    sample.file(root, "a.txt", b"a")
    sample.file(root, "b.txt", b"b")
    console.open().files()
    console.act("a.txt", "Rename")
    console.dialog.get_by_role("textbox").fill("b.txt")
    console.dialog.get_by_role("button", name="Rename").click()
    expect(console.dialog_error).not_to_be_empty()
    page.keyboard.press("Escape")
    console.expect_names("a.txt", "b.txt")


def test_several_files_are_selected_labelled_moved_and_deleted(page, console, server, root):
    sample = Sample(server)
    target = sample.folder(root, "z")
    for index in range(5):
        sample.file(root, f"{index}.txt", b"x", tags=["old"], metadata={"keep": "me"})
    console.open().files()
    console.row("0.txt").get_by_role("checkbox").check()
    console.row("2.txt").get_by_role("checkbox").click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Tags and metadata").click()
    console.dialog.get_by_role("textbox", name="Tags").fill("new")
    console.dialog.get_by_role("button", name="Add metadata").click()
    console.dialog.get_by_role("textbox", name="Key").fill("lane")
    console.dialog.get_by_role("textbox", name="Value").fill("1")
    console.submit("Save")
    console.toast("3 files changed")
    files = server.files()
    assert [sorted(files[f"{index}.txt"]["tags"]) for index in (0, 2, 3)] == [["new", "old"], ["new", "old"], ["old"]]
    assert files["1.txt"]["metadata"] == {"keep": "me", "lane": "1"}
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Move", exact=True).click()
    console.dialog.get_by_role("button", name="z", exact=True).click()
    console.submit("Move here")
    console.expect_names("3.txt", "4.txt", "z")
    console.files(target)
    page.get_by_label("Select all").check()
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    console.submit("Delete")
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    assert sorted(server.tree()) == ["3.txt", "4.txt"]


def test_details_show_checksums_and_edit_tags_and_metadata(page, console, server, root):
    file = Sample(server).file(root, "a.txt", b"hello", tags=["one"], metadata={"gone": "1", "stays": "2"})
    console.open().files()
    details = console.details("a.txt")
    expect(details).to_contain_text(file["checksums"]["crc64nvme"])
    details.get_by_role("button", name="Edit").click()
    console.dialog.get_by_role("button", name="Remove tag one").click()
    console.dialog.get_by_role("textbox", name="Tags").fill("two")
    console.dialog.get_by_role("button", name="Remove", exact=True).first.click()
    console.submit("Save")
    expect(details).to_contain_text("two")
    changed = server.files()["a.txt"]
    assert changed["tags"] == ["two"]
    assert changed["metadata"] == {"stays": "2"}
    details.get_by_role("button", name="Check again").click()
    expect(details.get_by_text("Stored bytes verified on")).to_be_visible()
    page.keyboard.press("Escape")
    expect(details).to_be_hidden()


def test_a_file_is_downloaded_as_an_attachment(page, console, server, root):
    Sample(server).file(root, "page.html", b"<script>document.title = 'run'</script>")
    console.open().files()
    console.details("page.html")
    with page.expect_download() as download:
        page.get_by_role("complementary").get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "page.html"
    assert (
        hashlib.sha256(download.value.path().read_bytes()).digest()
        == hashlib.sha256(b"<script>document.title = 'run'</script>").digest()
    )
    assert "Uploads" in page.title()


def test_a_folder_is_downloaded_as_an_archive(page, console, server, root):
    sample = Sample(server)
    folder = sample.folder(root, "run ü")
    sample.file(sample.folder(folder, "inner"), "a b.txt", b"hello")
    console.open().files()
    console.details("run ü")
    for archive_format in ("zip", "tar"):
        with page.expect_download() as download:
            page.get_by_role("complementary").get_by_role("button", name=f"Download as {archive_format}").click()
        assert download.value.suggested_filename == f"run ü.{archive_format}"
        path = download.value.path()
        if archive_format == "zip":
            content = zipfile.ZipFile(path).read("run ü/inner/a b.txt")
        else:
            content = tarfile.open(path).extractfile("run ü/inner/a b.txt").read()
        assert content == b"hello"


def test_several_files_are_downloaded_but_not_several_entries_with_folders(page, console, server, root):
    sample = Sample(server)
    sample.folder(root, "folder")
    for index in range(3):
        sample.file(root, f"{index}.txt", f"content {index}".encode())
    console.open().files()
    for index in range(3):
        console.row(f"{index}.txt").get_by_role("checkbox").check()
    downloads = []
    page.on("download", lambda download: downloads.append(download))
    page.get_by_role("button", name="Download", exact=True).click()
    console.toast("3 downloads started")
    eventually(lambda: page.evaluate("0") or len(downloads) == 3, "three downloads")
    assert sorted(download.path().read_text() for download in downloads) == ["content 0", "content 1", "content 2"]
    console.row("folder").get_by_role("checkbox").check()
    page.get_by_role("button", name="Download", exact=True).click()
    expect(console.dialog).to_contain_text(f"pontoon download --endpoint {server.origin}/v2 {PROJECT}/")


def test_a_folder_is_searched_by_name_tag_and_metadata_and_sorted(page, console, server, root):
    sample = Sample(server)
    sample.file(root, "alpha.txt", b"1", tags=["raw"], metadata={"sample id": "S 1"})
    sample.file(root, "beta.txt", b"22", tags=["raw"])
    sample.file(root, "gamma.bam", b"333")
    console.open().files()
    search = page.get_by_label("Search this folder by name")
    for text, names in [
        ("TXT", ["alpha.txt", "beta.txt"]),
        ("tag:raw", ["alpha.txt", "beta.txt"]),
        ('tag:raw "sample id=S 1"', ["alpha.txt"]),
        ("tag:raw bet", ["beta.txt"]),
        ("", ["alpha.txt", "beta.txt", "gamma.bam"]),
    ]:
        search.fill(text)
        console.expect_names(*names)
    search.fill("nothing")
    expect(page.get_by_text("Nothing matches")).to_be_visible()
    page.get_by_role("button", name="Clear search").click()
    page.get_by_role("button", name="Size").click()
    console.expect_names("gamma.bam", "beta.txt", "alpha.txt")
    expect(page.get_by_role("columnheader", name="Size")).to_have_attribute("aria-sort", "descending")
    page.get_by_role("button", name="Size").click()
    console.expect_names("alpha.txt", "beta.txt", "gamma.bam")


def test_a_long_folder_keeps_few_rows_in_the_page(page, console, server, root):
    for index in range(260):
        server.call("POST", "/files", {"parent": root, "name": f"folder {index:04d}", "type": "folder"})
    console.open().files()
    expect(page.get_by_text("260 entries")).to_be_visible()
    grid = page.get_by_role("grid", name="Files and folders")
    expect(grid).to_have_attribute("aria-rowcount", "261")
    assert page.locator(".list-body [role=row]").count() < 80
    console.row("folder 0000").focus()
    page.keyboard.press("End")
    expect(console.row("folder 0259")).to_be_focused()
    assert page.locator(".list-body [role=row]").count() < 80


# The engine reports both parts to find out which of them the server has.
@pytest.mark.console_errors("400 .*/part\\)$")
def test_open_uploads_are_listed_continued_and_aborted(page, console, server, root):
    sample = Sample(server)
    sample.begun(root, "half.bin", 6 << 20, 5 << 20)
    sample.begun(root, "other.bin", 1000, 0)
    console.open("#/uploads")
    expect(page.get_by_role("row").filter(has_text="half.bin")).to_contain_text("83%")
    expect(page.get_by_role("row").filter(has_text="half.bin")).to_contain_text("Another client")
    page.get_by_role("button", name="Abort other.bin").click()
    console.submit("Abort")
    expect(page.get_by_role("row").filter(has_text="other.bin")).to_have_count(0)
    content = Sample(server).random.randbytes(5 << 20) + bytes(1 << 20)
    sent = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "PUT" else None)
    with console.chooser() as chooser:
        page.get_by_role("button", name="Continue half.bin").click()
    chooser[0].set_files({"name": "half.bin", "mimeType": "", "buffer": content})
    console.expect_transfers("1 verified")
    assert server.download(server.files()["half.bin"]) == content
    assert len(sent) == 1, "the part that the server has is not sent again"


def test_a_running_upload_shows_in_the_title_and_keeps_the_page(page, console, server):
    held = []
    page.route("**/storage/parts/**", lambda route: held.append(route))
    console.open().files()
    icon = page.locator("link[rel=icon]").get_attribute("href")
    console.choose(text_file("a.txt"))
    console.submit("Start upload")
    console.expect_transfers("Uploading: 0 of 1 file done")
    expect(page).to_have_title("0% · Uploads · Pontoon")
    expect(page.locator("link[rel=icon]")).not_to_have_attribute("href", icon)
    with page.expect_event("dialog") as dialog:
        page.close(run_before_unload=True)
    assert dialog.value.type == "beforeunload"
    dialog.value.dismiss()
    page.get_by_role("button", name="Cancel all").click()
    console.expect_transfers("1 cancelled")
    expect(page).to_have_title("Uploads · Pontoon")
    expect(page.locator("link[rel=icon]")).to_have_attribute("href", icon)


def test_cancelling_what_was_sent_needs_a_confirmation(page, console, server):
    page.route("**/complete", lambda route: None)
    console.open().files()
    console.choose({"name": "a.bin", "mimeType": "", "buffer": bytes(2 << 20)}, text_file("b.txt"))
    console.submit("Start upload")
    expect(console.transfers.locator(".is-finishing")).to_have_count(2)
    page.get_by_role("button", name="Cancel all").click()
    expect(console.dialog).to_contain_text("2.00 MiB")
    console.dialog.get_by_role("button", name="Cancel", exact=True).click()
    expect(console.transfers.locator(".is-finishing")).to_have_count(2)
    page.get_by_role("button", name="Cancel all").click()
    console.submit("Cancel upload")
    console.expect_transfers("2 cancelled")
    eventually(lambda: server.uploads() == [], "the uploads are aborted")


def test_a_reload_points_to_unfinished_uploads(page, console, server):
    page.route("**/storage/parts/**", lambda route: None)
    console.open().files()
    console.choose({"name": "a.bin", "mimeType": "", "buffer": bytes(1 << 20)})
    console.submit("Start upload")
    console.expect_transfers("Uploading")
    expect(console.transfers.locator(".is-sending")).to_have_count(1)
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    page.get_by_role("link", name="Continue or abort").click()
    row = page.get_by_role("table", name="Open uploads").get_by_role("row").filter(has_text="a.bin")
    expect(row).to_contain_text("This browser")
    page.unroute("**/storage/parts/**")
    for content, state in (b"another file", "1 failed"), (bytes(1 << 20), "1 verified"):
        # The list follows the upload: after a failure, it shows the button again.
        with console.chooser() as chooser:
            page.get_by_role("button", name="Continue a.bin").click()
        chooser[0].set_files({"name": "a.bin", "mimeType": "", "buffer": content})
        console.expect_transfers(state)
    expect(row).to_have_count(0)
    assert server.uploads() == []


@pytest.mark.console_errors("409")
def test_files_are_paused_resumed_and_retried_in_the_panel(page, console, server, root):
    Sample(server).file(root, "taken.txt", b"other bytes")
    page.route("**/storage/parts/**", lambda route: None)
    console.open().files()
    console.choose(text_file("a.txt"), text_file("taken.txt"))
    console.submit("Start upload")
    expect(console.transfers.locator(".is-failed")).to_contain_text("exists")
    console.transfers.locator(".is-failed").click()
    expect(console.dialog).to_contain_text("rename this file")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Pause all").click()
    console.expect_transfers("1 file paused")
    page.get_by_role("button", name="Show 1 failed file").click()
    expect(console.transfers.locator(".transfer-row")).to_have_count(1)
    page.get_by_role("button", name="Show all files").click()
    page.unroute("**/storage/parts/**")
    page.get_by_role("button", name="Resume all").click()
    console.expect_transfers("1 verified · 1 failed")
    server.call("DELETE", f"/files/{server.files()['taken.txt']['id']}")
    page.get_by_role("button", name="Retry failed files").click()
    console.expect_transfers("2 verified")
    page.get_by_role("button", name="Close and clear the list").click()
    expect(console.transfers).to_be_hidden()
    assert server.download(server.files()["taken.txt"]) == b"content"
