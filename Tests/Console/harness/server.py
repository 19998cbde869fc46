"""A `pontoond` process that can be killed and started again on the same port."""

import configparser
import os
import pathlib
import re
import signal
import subprocess
from collections.abc import Iterable, Sequence

import engines
import requests
from support.server import BINARY, eventually
from support.stores import Stores

CLIENT = pathlib.Path(os.environ.get("TEST_PONTOON", BINARY.with_name("pontoon")))
PROJECT = "admin/uploads"


def environment(extra: dict[str, str]) -> dict[str, str]:
    """Returns this process's environment without variables that would affect the programs, plus `extra`."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PONTOON_", "SB_"))}
    return mine | extra


class Server:
    """A server with the console, and calls of its API.

    If `authority`, the file of the certificate that clients trust, is set, `arguments` must set a certificate.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        stores: Stores = Stores(),
        arguments: Sequence[str] = (),
        authority: pathlib.Path | None = None,
    ) -> None:
        self.port = engines.reserve_port()
        self.origin = f"{'https' if authority else 'http'}://127.0.0.1:{self.port}"
        self.data = folder / "data"
        self._folder, self._stores, self._arguments = folder, stores, arguments
        self._process: subprocess.Popen[bytes] | None = None
        self.session = requests.Session()
        # Passed with each request, because environment variables override the session's value.
        self._verify = str(authority) if authority else None

    def start(self) -> None:
        """Starts the server and waits until it responds."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARY, "serve", "--data", self.data, "--listen", f"127.0.0.1:{self.port}", *self._arguments],
                env=environment(self._stores.environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        eventually(self._responds, "the server responds")
        credentials = configparser.ConfigParser()
        credentials.read(self.data / "credentials")
        self.token = credentials["default"]["auth_token"]
        self.session.headers["X-SBG-Auth-Token"] = self.token

    def _responds(self) -> bool:
        assert self._process is not None and self._process.poll() is None, (self._folder / "log").read_text()[-2000:]
        try:
            return requests.get(f"{self.origin}/readyz", verify=self._verify).ok and (self.data / "credentials").exists()
        except requests.ConnectionError:
            return False

    def kill(self) -> None:
        """Kills the server to simulate a crash."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """Stops the server if it is running."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=300)
        except subprocess.TimeoutExpired:
            self.kill()

    def call(self, method: str, path: str, body: object = None, **query: object) -> requests.Response:
        """Makes a call below `/v2`, which must succeed."""
        answer = self.session.request(method, f"{self.origin}/v2{path}", json=body, params=query, verify=self._verify)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer

    def files(self, **place: str) -> dict[str, dict]:
        """All files and folders of a folder (`parent`) or of a project's root, by name."""
        found: dict[str, dict] = {}
        place = place or {"project": PROJECT}
        while True:
            page = self.call("GET", "/files", **place, fields="_all", limit=100, offset=len(found)).json()["items"]
            found |= {file["name"]: file for file in page}
            if len(page) < 100:
                return found

    def tree(self) -> dict[str, dict]:
        """All files of the project by path."""
        return dict(self._walk("", self.files()))

    def _walk(self, prefix: str, entries: dict[str, dict]) -> Iterable[tuple[str, dict]]:
        for name, entry in entries.items():
            if entry["type"] == "folder":
                yield from self._walk(f"{prefix}{name}/", self.files(parent=entry["id"]))
            else:
                yield prefix + name, entry

    def uploads(self) -> list[dict]:
        """The unfinished uploads."""
        return self.call("GET", "/upload/multipart", limit=100).json()["items"]

    def reported_parts(self) -> int:
        """The number of reported parts of all unfinished uploads."""
        return sum(upload["uploaded_parts_count"] for upload in self.uploads())

    def download(self, file: dict) -> bytes:
        url = self.call("GET", f"/files/{file['id']}/download_info").json()["url"]
        return requests.get(url, verify=self._verify).content

    def upload(self, name: str, content: bytes) -> None:
        """Uploads a small file with the API instead of the browser."""
        upload = self.call("POST", "/upload/multipart", {"project": PROJECT, "name": name, "size": len(content)}).json()
        path = f"/upload/multipart/{upload['upload_id']}"
        url = self.call("GET", f"{path}/part/1").json()["url"]
        answer = requests.put(url, data=content, verify=self._verify)
        report = {"part_number": 1, "response": {"headers": {"ETag": answer.headers["ETag"]}}}
        self.call("POST", f"{path}/complete", {"parts": [report]})
