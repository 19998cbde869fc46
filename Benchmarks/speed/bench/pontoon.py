"""Pontoon itself, and the calls that prepare a measurement."""

import http.client
import json
import pathlib
import urllib.parse
from typing import Any

from .processes import Program
from .sender import Request

MIB = 1 << 20


class Pontoon(Program):
    """A running `pontoond` with everything in one folder."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, *flags: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        log = folder / "pontoond.log"
        super().__init__([binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", *flags], log)
        self.project = "admin/uploads"
        try:
            self.wait(lambda: "Credentials are in" in log.read_text())
            credentials = self._credentials()
            self.token = credentials["auth_token"]
            self.endpoint = credentials["api_endpoint"]
            self.origin = self.endpoint.removesuffix("/v2")
            self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.endpoint).netloc)
            self.call("GET", "/v2/user")
        except BaseException:
            self.stop()
            raise

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
        return started["upload_id"]

    def part_requests(self, upload: str, sizes: list[int]) -> list[Request]:
        """What sends each part."""
        return [
            Request("PUT", self.call("GET", f"/v2/upload/multipart/{upload}/part/{number}")["url"], f"random:{size}")
            for number, size in enumerate(sizes, 1)
        ]

    def put_requests(self, count: int, size: int) -> list[Request]:
        """What sends `count` files of one part each."""
        part_size = max(size, 5 * MIB)
        uploads = [self.start(f"file-{size}-{number}", size, part_size) for number in range(count)]
        return [self.part_requests(upload, [size])[0] for upload in uploads]

    def slot_requests(self, count: int, size: int) -> list[Request]:
        """What sends one file of `count` parts."""
        part_size = max(size, 5 * MIB) if count == 1 else size
        return self.part_requests(self.start(f"file-{count}-{size}", count * size, part_size), [size] * count)

    def complete(self, upload: str, parts: list[tuple[int, str]]) -> str:
        """Reports parts by number and ETag and completes; gives the file's id."""
        reports = [{"part_number": number, "response": {"headers": {"ETag": tag}}} for number, tag in parts]
        return self.call("POST", f"/v2/upload/multipart/{upload}/complete", {"parts": reports})["id"]

    def _credentials(self) -> dict[str, str]:
        lines = (self.data / "credentials").read_text().splitlines()
        pairs = (line.split("=", 1) for line in lines if "=" in line)
        return {key.strip(): value.strip() for key, value in pairs}
