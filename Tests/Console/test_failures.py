"""Failures are retried, or explained with advice."""

import subprocess

import pytest

from harness.engine import Engine
from harness.files import MIB, PART, random_file, sha256
from harness.proxy import Proxy
from harness.server import Server
from support.server import eventually


@pytest.mark.console_errors("403")
@pytest.mark.server("--url-lifetime", "1s")
def test_expired_urls_are_replaced(engine, server, tmp_path):
    # The engine does not use URLs that are about to expire, so the test gives it a wrong offset of the server's clock.
    engine.page.evaluate("() => Object.defineProperty(engine.client, 'clockSkew', { get: () => -1e9, set() {} })")
    engine.limit_rate(24 * MIB)
    engine.add(random_file(tmp_path / "large.bin", 4 * PART))
    engine.wait(verified=1)


@pytest.mark.console_errors("401")
def test_a_wrong_token_stops_everything_once(page, server):
    engine = Engine(page, server).open(token="wrong")
    page.evaluate("() => { engine.halts = 0; engine.queue.addEventListener('halt', () => (engine.halts += 1)); }")
    engine.add_generated([(f"{number}.bin", 1000) for number in range(20)])
    engine.wait_for("engine.halts", "the queue stops")
    assert engine.states() == {"paused": 20}
    assert page.evaluate("engine.queue.problem.code") == "signedOut"
    page.evaluate("(token) => { engine.client.token = token; engine.queue.resume(); }", server.token)
    engine.wait(verified=20)
    assert page.evaluate("engine.halts") == 1


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system with space for 160 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.console_errors("409", "503")
def test_a_full_disk_is_explained(page, small_disk, tmp_path):
    server = Server(small_disk)
    try:
        server.start()
        engine = Engine(page, server).open()
        engine.add(random_file(tmp_path / "large.bin", 200 * MIB))
        engine.wait(failed=1)
        error = engine.items()["large.bin"]["error"]
        assert error["code"] == "noSpace" and "does not fit" in error["advice"]
        engine.add(random_file(tmp_path / "fits.bin", MIB))
        engine.wait(failed=1, verified=1)
    finally:
        server.stop()


@pytest.mark.parametrize(("status", "code", "expected"), [(503, 8000, "diskFull"), (404, 5026, "destinationMissing")])
def test_refusals_are_explained(engine, page, status, code, expected):
    found = page.evaluate("""async ([modules, status, code]) => {
        const { ApiError } = await import(modules + 'api/client.js');
        const { explain } = await import(modules + 'upload/problems.js');
        return explain(new ApiError(status, code, 'a message'));
    }""", [engine.modules, status, code])
    assert found["code"] == expected and found["title"] and found["advice"]


@pytest.mark.console_errors("net::ERR_")
def test_a_file_that_changes_is_not_uploaded(page, server, tmp_path):
    file = random_file(tmp_path / "changing.bin", 4 * PART)
    engine = Engine(page, server).open(parallel=1)
    engine.limit_rate(8 * MIB)
    engine.add(file)
    engine.hold_after_parts(1)
    with file.open("ab") as end:
        end.write(b"more")
    engine.limit_rate(0)
    engine.wait(failed=1)
    assert engine.items()["changing.bin"]["error"]["code"] == "fileChanged"
    # The parts are kept, because the file may become readable again, for example when a disk is reconnected.
    page.evaluate("() => engine.queue.remove()")
    assert engine.items() == {} and len(server.uploads()) == 1


def test_a_corrupted_part_is_sent_again(page, server, tmp_path):
    file = random_file(tmp_path / "large.bin", 2 * PART)
    with Proxy(server.port) as proxy:
        engine = Engine(page, server, proxy.origin).open()
        proxy.corrupt_next_part(5 * MIB)
        engine.add(file)
        engine.wait(verified=1)
    assert len(engine.started) == 3
    assert sha256(server.download(server.files()["large.bin"])) == sha256(file.read_bytes())


@pytest.mark.console_errors("404")
def test_an_upload_that_was_aborted_starts_over(page, server, tmp_path):
    engine = Engine(page, server).open(parallel=2)
    engine.limit_rate(8 * MIB)
    engine.add(random_file(tmp_path / "large.bin", 4 * PART))
    engine.hold_after_parts(1)
    engine.call("queue.pause()")
    (upload,) = server.uploads()
    server.call("DELETE", f"/upload/multipart/{upload['upload_id']}")
    engine.limit_rate(0)
    engine.call("queue.resume()")
    engine.wait(verified=1)
