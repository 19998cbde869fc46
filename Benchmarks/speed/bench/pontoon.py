"""Pontoon itself, and the calls that prepare a measurement."""

import dataclasses
import http.client
import json
import pathlib
import time
import urllib.parse
from typing import Any

from .processes import Program
from .sender import Ready, Request, Sender, Sent

MIB = 1 << 20


class Pontoon(Program):
    """A running `pontoond` with everything in one folder."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, *flags: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        log = folder / "pontoond.log"
        super().__init__([binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", *flags], log)
        self.project = "admin/uploads"
        self.wait(lambda: "Credentials are in" in log.read_text())
        credentials = self._credentials()
        self.token = credentials["auth_token"]
        self.endpoint = credentials["api_endpoint"]
        self.origin = self.endpoint.removesuffix("/v2")
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.endpoint).netloc)
        self.wait(lambda: self.call("GET", "/v2/user") is not None)

    def stop(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()
        super().stop()

    @property
    def token_header(self) -> str:
        return f"X-SBG-Auth-Token: {self.token}"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the API; gives its JSON."""
        text = None if body is None else json.dumps(body)
        headers = {"X-SBG-Auth-Token": self.token, "Content-Type": "application/json"}
        self.connection.request(method, path, text, headers)
        response = self.connection.getresponse()
        said = response.read()
        if response.status not in (200, 201, 204):
            raise SystemExit(f"bench: {method} {path}: {response.status} {said[:500]!r}")
        return json.loads(said) if said else None

    def start(self, name: str, size: int, part_size: int) -> str:
        """Starts an upload; gives its id."""
        wish = {"project": self.project, "name": name, "size": size, "part_size": part_size}
        started = self.call("POST", "/v2/upload/multipart", wish)
        if started["part_size"] != part_size:
            raise SystemExit(f"bench: asked for parts of {part_size} bytes, got {started['part_size']}")
        return str(started["upload_id"])

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        """What sends `count` files of one part each, all at once. Starting them counts: it reserves their room."""
        names = [f"file-{size}-{number}" for number in range(count)]
        return lambda: sender.files(self.origin, self.token, size, names, "put", self.project, count)

    def send(self, sender: Sender, upload: str, count: int, size: int, until: str, connections: int) -> Sent:
        """Sends the `count` parts of an upload, and reports them unless `until` is `put`."""
        parts = [(upload, number) for number in range(1, count + 1)]
        return sender.parts(self.origin, self.token, size, parts, until, connections)

    def complete(self, upload: str) -> str:
        """Completes an upload whose parts were reported; gives the file's id."""
        return str(self.call("POST", f"/v2/upload/multipart/{upload}/complete", {})["id"])

    def _credentials(self) -> dict[str, str]:
        lines = (self.data / "credentials").read_text().splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line)
        return {key.strip(): value.strip() for key, value in pairs}


class Started(Pontoon):
    """Pontoon, whose uploads were started before the clock."""

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        uploads = [self.start(f"file-{size}-{number}", size, max(size, 5 * MIB)) for number in range(count)]
        infos = [self.call("GET", f"/v2/upload/multipart/{upload}/part/1") for upload in uploads]
        requests = [Request("PUT", info["url"], f"random:{size}") for info in infos]
        return lambda: sender.run(requests, count)


class OneFile(Pontoon):
    """Pontoon, sent the parts of one file instead of files of one part."""

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        return lambda: self._put(sender, count, size)

    def _put(self, sender: Sender, count: int, size: int) -> Sent:
        part_size = max(size, 5 * MIB)
        began = time.perf_counter()
        upload = self.start(f"file-{count}-{size}", (count - 1) * part_size + size, part_size)
        started = time.perf_counter() - began
        sent = self.send(sender, upload, count, size, "put", count)
        return dataclasses.replace(sent, seconds=started + sent.seconds)
