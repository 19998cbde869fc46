"""`stop()` leaves nothing behind; `pause()` and `resume()` change nothing."""

import threading

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, download, write_random
from support.server import eventually

PARTS = 12
DEADLINE = 300

pytestmark = [pytest.mark.small_parts, pytest.mark.own_server]


class HeldTransfer:
    """An upload whose thread is blocked after its first part has arrived, until `release` is called."""

    def __init__(self, api, path, project, part_size):
        self.arrived, self.released = threading.Event(), threading.Event()
        self.transfer = api.files.upload(str(path), project=project, part_size=part_size, wait=False)
        self.transfer.add_progress_callback(self.hold)
        self.transfer.start()
        assert self.arrived.wait(DEADLINE), "no part arrived"

    def hold(self, _):
        self.arrived.set()
        self.released.wait(DEADLINE)

    def release(self):
        self.released.set()


@pytest.fixture
def held(api, project, part_size, tmp_path):
    write_random(tmp_path / "a file.bin", PARTS * part_size, seed=3)
    held = HeldTransfer(api, tmp_path / "a file.bin", project, part_size)
    yield held
    held.release()


def open_uploads(api):
    return [item["upload_id"] for item in api.get("/upload/multipart").json()["items"]]


def test_stop_leaves_nothing_behind(api, project, held, object_store):
    transfer = held.transfer
    check.equal(open_uploads(api), [transfer._upload_id], "open uploads before stop")
    # stop() sets a flag and then joins the thread. In between, the thread is released.
    join = transfer.join
    transfer.join = lambda: (held.release(), join())
    transfer.stop()
    check.equal(transfer.status, "STOPPED", "status after stop")
    check.equal(open_uploads(api), [], "open uploads after stop")
    # Requests for parts that were in flight when the upload was aborted finish on their own.
    api.upload_pool.shutdown(wait=True)
    eventually(lambda: object_store.unfinished() == [], "the stopped upload leaves nothing in the store")
    check.equal(len(api.files.query(project=project)), 0, "files after stop")
    gone = f"/upload/multipart/{transfer._upload_id}"
    check_refused(errors.NotFound, 8003, lambda: api.get(gone), "details of a stopped upload")
    check_refused(errors.NotFound, 8003, lambda: api.delete(gone), "aborting again")


def test_pause_and_resume_change_nothing(api, project, held, object_store, tmp_path):
    transfer = held.transfer
    transfer.pause()
    held.release()
    # The client finishes the parts that it has begun, four after the one at which it was blocked, and then waits.
    details = f"/upload/multipart/{transfer._upload_id}"
    eventually(lambda: api.get(details).json()["uploaded_parts_count"] >= 6, "the parts in flight are reported")
    check.equal(transfer.status, "PAUSED", "status after pause")
    check.equal(len(api.files.query(project=project)), 0, "files while paused")
    transfer.resume()
    transfer.wait()
    check.equal(transfer.status, "COMPLETED", "status after resume")
    sent = (tmp_path / "a file.bin").read_bytes()
    download(transfer.result(), tmp_path / "back")
    check.is_true((tmp_path / "back").read_bytes() == sent, "the content equals the file")
    check.equal(open_uploads(api), [], "open uploads at the end")
    eventually(lambda: object_store.unfinished() == [], "the finished upload leaves nothing in the store")
