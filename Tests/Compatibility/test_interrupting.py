"""`stop()` leaves nothing behind; `pause()` and `resume()` change nothing.

Usage: interrupting.py PART_SIZE
"""

import os
import sys
import threading

from sevenbridges import errors

import client
import stored

PARTS = 12


def main():
    part_size = int(sys.argv[1])
    with client.folder() as folder:
        path = os.path.join(folder, "a file.bin")
        sent = client.write_random(path, PARTS * part_size, seed=3)
        stop(path, part_size)
        pause_and_resume(path, part_size, sent)
        client.check(stored.unfinished(), [], "what a finished upload leaves behind")


class FirstPart:
    """Holds the client's thread when its first part has arrived, until it is let go."""

    def __init__(self, api, path, part_size):
        self.arrived, self.go_on = threading.Event(), threading.Event()
        self.transfer = api.files.upload(path, project=client.PROJECT, part_size=part_size, wait=False)
        self.transfer.add_progress_callback(self.hold)
        self.transfer.start()
        self.arrived.wait()

    def hold(self, _):
        self.arrived.set()
        self.go_on.wait()


def stop(path, part_size):
    api = client.connect()
    first = FirstPart(api, path, part_size)
    transfer = first.transfer
    client.check(open_uploads(api), [transfer._upload_id], "open uploads before stop")
    # stop() raises a flag and then joins the thread: it is let go between the two.
    join = transfer.join
    transfer.join = lambda: (first.go_on.set(), join())
    transfer.stop()
    client.check(transfer.status, "STOPPED", "status after stop")
    client.check(open_uploads(api), [], "open uploads after stop")
    # Parts that were under way when the upload was aborted end by themselves.
    api.upload_pool.shutdown(wait=True)
    client.check(stored.unfinished(), [], "what a stopped upload leaves behind")
    client.check(len(api.files.query(project=client.PROJECT)), 0, "files after stop")
    gone = f"/upload/multipart/{transfer._upload_id}"
    client.check_refused(errors.NotFound, 8003, lambda: api.get(gone), "details of a stopped upload")
    client.check_refused(errors.NotFound, 8003, lambda: api.delete(gone), "aborting again")


def pause_and_resume(path, part_size, sent):
    api = client.connect()
    first = FirstPart(api, path, part_size)
    transfer = first.transfer
    transfer.pause()
    first.go_on.set()
    # The client sends what it has begun, then waits: four parts ahead of the one it holds at.
    details = f"/upload/multipart/{transfer._upload_id}"
    while api.get(details).json()["uploaded_parts_count"] < 6:
        pass
    client.check(transfer.status, "PAUSED", "status after pause")
    client.check(len(api.files.query(project=client.PROJECT)), 0, "files while paused")
    transfer.resume()
    transfer.wait()
    client.check(transfer.status, "COMPLETED", "status after resume")
    client.check(client.download(transfer.result(), path + ".back"), sent, "content after pause and resume")
    client.check(open_uploads(api), [], "open uploads after all")


def open_uploads(api):
    return [item["upload_id"] for item in api.get("/upload/multipart").json()["items"]]


if __name__ == "__main__":
    main()
