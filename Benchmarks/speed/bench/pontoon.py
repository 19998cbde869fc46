"""Pontoon, and the calls that prepare a measurement."""

import dataclasses
import time

from shared.pontoond import Server

from .sender import Ready, Request, Sender, Sent

MIB = 1 << 20


class Pontoon(Server):
    """A Pontoon server, and methods that send and complete files."""

    def start(self, name: str, size: int, part_size: int) -> str:
        """Starts an upload and returns its id."""
        new = {"project": self.project, "name": name, "size": size, "part_size": part_size}
        started = self.call("POST", "/v2/upload/multipart", new)
        if started["part_size"] != part_size:
            raise SystemExit(f"bench: the part size is {started['part_size']} bytes, not {part_size}")
        return str(started["upload_id"])

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        """Returns a measurement that sends `count` files of one part each, concurrently.

        The time includes initialize, because it preallocates the files.
        """
        names = [f"file-{size}-{number}" for number in range(count)]
        return lambda: sender.files(self.origin, self.token, size, names, "put", self.project, count)

    def send(self, sender: Sender, upload: str, count: int, size: int, until: str, connections: int) -> Sent:
        """Sends the `count` parts of an upload, and reports them unless `until` is `put`."""
        parts = [(upload, number) for number in range(1, count + 1)]
        return sender.parts(self.origin, self.token, size, parts, until, connections)

    def complete(self, upload: str) -> str:
        """Completes an upload whose parts were reported. Returns the id of the file."""
        return str(self.call("POST", f"/v2/upload/multipart/{upload}/complete", {})["id"])


class Started(Pontoon):
    """Pontoon with uploads that are started before the measurement."""

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        uploads = [self.start(f"file-{size}-{number}", size, max(size, 5 * MIB)) for number in range(count)]
        infos = [self.call("GET", f"/v2/upload/multipart/{upload}/part/1") for upload in uploads]
        requests = [Request("PUT", info["url"], f"random:{size}") for info in infos]
        return lambda: sender.run(requests, count)


class OneFile(Pontoon):
    """Pontoon that receives the parts of one file instead of files of one part."""

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        return lambda: self._put(sender, count, size)

    def _put(self, sender: Sender, count: int, size: int) -> Sent:
        part_size = max(size, 5 * MIB)
        began = time.perf_counter()
        upload = self.start(f"file-{count}-{size}", (count - 1) * part_size + size, part_size)
        started = time.perf_counter() - began
        sent = self.send(sender, upload, count, size, "put", count)
        return dataclasses.replace(sent, seconds=started + sent.seconds)
