"""Uploads to names that are taken."""

import pytest

pytestmark = pytest.mark.console_errors("409")


def test_a_different_file_is_refused(engine, server):
    server.upload("taken.bin", b"something else")
    engine.add_generated([("taken.bin", 1000)], conflict="fail")
    engine.wait(failed=1)
    assert engine.items()["taken.bin"]["error"]["code"] == "nameTaken"
    assert server.download(server.files()["taken.bin"]) == b"something else"
    assert server.uploads() == []


def test_an_identical_file_is_verified_without_sending_it(engine, server):
    engine.add_generated([("same.bin", 300_000)])
    engine.wait(verified=1)
    # For the queue, this is another file, because its time differs. It has the same bytes.
    engine.page.evaluate("""() => {
        const [item] = engine.queue.items;
        const file = new File([item.file], item.name, { lastModified: 5 });
        engine.queue.add([{ file, path: item.path }], { project: 'admin/uploads' });
    }""")
    engine.wait(verified=2)
    assert len(engine.started) == 1


def test_an_existing_file_is_skipped(engine, server):
    server.upload("taken.bin", b"something else")
    engine.add_generated([("taken.bin", 1000), ("new.bin", 1000)], conflict="skip")
    engine.wait(skipped=1, verified=1)
    assert server.download(server.files()["taken.bin"]) == b"something else"


def test_an_existing_file_is_overwritten(engine, server):
    server.upload("taken.bin", b"something else")
    engine.add_generated([("taken.bin", 1000)], conflict="overwrite")
    engine.wait(verified=1)
    assert server.files()["taken.bin"]["size"] == 1000


def test_a_file_in_place_of_a_folder_is_explained(engine, server):
    server.upload("run", b"a file")
    engine.add_generated([("run/a.bin", 10)])
    engine.wait(failed=1)
    error = engine.items()["run/a.bin"]["error"]
    assert error["code"] == "fileInTheWay" and '"run"' in error["advice"]
