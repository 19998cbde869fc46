"""Uploads survive reloads, server crashes and network outages. Acknowledged parts are not sent again."""

import json
import subprocess

import pytest

from harness.engine import Engine
from harness.files import MIB, PART, random_file, sha256
from harness.proxy import Proxy
from harness.server import CLIENT, PROJECT, environment
from support.server import eventually

PARTS = 6
# Bytes per second. The remaining parts take several seconds, during which the test interrupts the upload.
RATE = 8 * MIB


@pytest.fixture
def file(tmp_path):
    return random_file(tmp_path / "source/large.bin", PARTS * PART)


@pytest.fixture
def proxy(server):
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture
def slow(page, server):
    """An engine that sends two parts at a time, slowly."""
    engine = Engine(page, server).open(parallel=2)
    engine.limit_rate(RATE)
    return engine


def check_stored(server, file):
    stored = server.files()[file.name]
    assert sha256(server.download(stored)) == sha256(file.read_bytes())
    assert server.uploads() == []


def check_none_sent_twice(engine, acknowledged, started_before):
    """Checks that no part was sent again after it was acknowledged."""
    again = set(acknowledged) & set(engine.started[started_before:])
    assert again == set(), f"acknowledged parts were sent again: {again}"


@pytest.mark.console_errors("409")
def test_an_upload_that_replaces_a_file_is_not_resumed_with_another_rule(slow, server, file):
    engine = slow
    server.upload(file.name, b"something else")
    engine.add(file, conflict="overwrite")
    engine.hold_after_parts(1)
    engine.page.reload()
    engine.start()
    engine.limit_rate(0)
    engine.add(file, conflict="fail")
    engine.wait(failed=1)
    assert engine.items()[file.name]["error"]["code"] == "nameTaken"
    assert server.download(server.files()[file.name]) == b"something else"


# The engine reports parts to find the first one that was not stored, and the server refuses that report.
@pytest.mark.console_errors("400.*/part")
def test_a_reload_resumes(slow, server, file):
    engine = slow
    engine.add(file)
    engine.hold_after_parts(2)
    engine.page.reload()
    acknowledged, started = list(engine.acknowledged), len(engine.started)
    engine.start()
    engine.limit_rate(0)
    engine.add(file)
    engine.wait(verified=1)
    check_none_sent_twice(engine, acknowledged, started)
    check_stored(server, file)
    assert engine.page.evaluate("engine.journal.list()") == []


@pytest.mark.console_errors("net::ERR_", "502")
def test_a_crash_of_the_server_is_survived(slow, server, file):
    engine = slow
    engine.add(file)
    engine.hold_after_parts(2)
    server.kill()
    acknowledged, started = list(engine.acknowledged), len(engine.started)
    engine.wait_for("engine.queue.items[0].error?.code === 'unavailable'", "the item waits for the server")
    server.start()
    engine.limit_rate(0)
    engine.wait(verified=1)
    check_none_sent_twice(engine, acknowledged, started)
    check_stored(server, file)


@pytest.mark.console_errors("net::ERR_")
def test_a_lost_network_is_survived(page, server, proxy, file):
    engine = Engine(page, server, proxy.origin).open(parallel=2)
    engine.limit_rate(RATE)
    engine.add(file)
    engine.hold_after_parts(1)
    proxy.cut()
    acknowledged, started = list(engine.acknowledged), len(engine.started)
    engine.wait_for("engine.states().offline", "the item waits for the network")
    proxy.restore()
    engine.limit_rate(0)
    engine.wait(verified=1)
    check_none_sent_twice(engine, acknowledged, started)
    check_stored(server, file)


@pytest.mark.console_errors("net::ERR_")
def test_an_offline_browser_waits(engine, server, context):
    context.set_offline(True)
    engine.add_generated([("a.bin", 1000)])
    engine.wait_for("engine.queue.items[0].error?.code === 'offline'", "the item waits for the network")
    context.set_offline(False)
    engine.wait(verified=1)


def test_pause_resume_and_cancel(slow, server, file, tmp_path):
    engine, other = slow, random_file(tmp_path / "other.bin", 2 * PART)
    engine.add(file, other)
    engine.hold_after_parts(1)
    engine.call("queue.pause()")
    assert engine.states() == {"paused": 2}
    acknowledged, started = list(engine.acknowledged), len(engine.started)
    engine.page.evaluate("engine.queue.cancel([engine.queue.items[1]])")
    engine.limit_rate(0)
    engine.page.evaluate("engine.queue.resume([engine.queue.items[0]])")
    engine.wait(verified=1, cancelled=1)
    check_none_sent_twice(engine, acknowledged, started)
    eventually(lambda: server.uploads() == [], "the cancelled upload is aborted")
    engine.call("queue.retry()")
    engine.wait(verified=2)
    assert server.files().keys() == {"large.bin", "other.bin"}


# The second tab finds that the upload no longer exists, because it was completed, and that the file is identical.
@pytest.mark.console_errors("404.*list_parts", "409")
def test_two_tabs_do_not_send_the_same_file(slow, server, file, context):
    engine = slow
    other = Engine(context.new_page(), server).open()
    engine.add(file)
    engine.hold_after_parts(1)
    other.add(file)
    other.wait_for("engine.queue.items[0].error?.code === 'otherTab'", "the second tab waits")
    engine.limit_rate(0)
    engine.wait(verified=1)
    other.wait(verified=1)
    assert other.started == []
    check_stored(server, file)


def test_tabs_share_the_connections(engine, server, context):
    other = Engine(context.new_page(), server).open()
    for tab, path in [(engine, "one.bin"), (other, "other.bin")]:
        tab.limit_rate(100_000)
        tab.add_generated([(path, PART)])
    for tab in (engine, other):
        tab.wait_for("engine.queue.parallel === 2", "the tab leaves connections to the other one")
    for tab in (engine, other):
        tab.limit_rate(0)
        tab.wait(verified=1)


def start_client(server, tmp_path, *arguments):
    return subprocess.Popen(
        [CLIENT, "upload", "--project", PROJECT, "--state", tmp_path / "state", "--json", *arguments],
        env=environment({"SB_API_ENDPOINT": f"{server.origin}/v2", "SB_AUTH_TOKEN": server.token}),
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.console_errors("400.*/part")
def test_an_upload_of_the_client_is_finished_in_the_browser(engine, server, file, tmp_path):
    client = start_client(server, tmp_path, "--bwlimit", str(4 * MIB), "--part-size", str(5 * MIB), str(file))
    try:
        eventually(lambda: [one for one in server.uploads() if one["stored_parts_count"] >= 4], "four parts are stored")
    finally:
        client.kill()
        client.communicate()
    (upload,) = server.uploads()
    stored = upload["stored_parts_count"]
    engine.page.set_input_files("#engine-files", str(file))
    engine.call("resumeUpload(it)", upload)
    engine.wait(verified=1)
    # The client had not reported these parts, so the browser finds them by their checksums.
    assert len(engine.started) <= -(-file.stat().st_size // (5 * MIB)) - stored
    check_stored(server, file)


def test_an_upload_of_the_browser_is_finished_by_the_client(slow, server, file, tmp_path):
    engine = slow
    engine.add(file)
    engine.hold_after_parts(2)
    eventually(lambda: server.reported_parts() >= 2, "parts are reported")
    engine.page.close()
    (upload,) = server.uploads()
    client = start_client(server, tmp_path, "--upload-id", upload["upload_id"], str(file))
    output, _ = client.communicate(timeout=600)
    assert client.returncode == 0
    events = [json.loads(line) for line in output.splitlines()]
    assert [event for event in events if event["event"] == "started"][0]["resumed_parts"] >= 2
    check_stored(server, file)


@pytest.mark.console_errors("400")
def test_only_the_file_of_an_upload_resumes_it(engine, server, file):
    call = {"project": PROJECT, "name": "large.bin", "size": 5}
    upload = server.call("POST", "/upload/multipart", call).json()
    engine.page.set_input_files("#engine-files", str(file))
    engine.call("resumeUpload(it)", upload)
    engine.wait(failed=1)
    assert engine.items()["large.bin"]["error"]["code"] == "otherSize"


@pytest.mark.console_errors("400.*/part")
def test_a_kept_handle_resumes_without_choosing_the_file(page, server):
    engine = Engine(page, server).open(parallel=2)
    engine.limit_rate(RATE)
    # The browser's private file system needs no picker. Its handles are stored like those of the user's files.
    page.evaluate("""async (length) => {
        const root = await navigator.storage.getDirectory();
        const handle = await root.getFileHandle('kept.bin', { create: true });
        const writable = await handle.createWritable();
        await writable.write(new Uint8Array(length).map((_, at) => at >> 12));
        await writable.close();
        const chosen = { id: 'chosen', handle: root };
        engine.queue.add([{ file: await handle.getFile(), path: 'run/kept.bin', handle, root: chosen }],
                         { project: 'admin/uploads', labels: () => ({ tags: ['kept'] }) });
    }""", 4 * PART)
    engine.hold_after_parts(1)
    page.reload()
    acknowledged, started = list(engine.acknowledged), len(engine.started)
    engine.start()
    engine.limit_rate(0)
    result = page.evaluate("""async () => {
        const { items, problems } = await engine.queue.restore(await engine.journal.list());
        return [items.map(({ root }) => root?.id), problems];
    }""")
    # The restored items keep their folder. Otherwise, the next reload would ask for each file again.
    assert result == [["chosen"], []]
    engine.wait(verified=1)
    check_none_sent_twice(engine, acknowledged, started)
    file = server.tree()["run/kept.bin"]
    assert server.call("GET", f"/files/{file['id']}").json()["tags"] == ["kept"]
