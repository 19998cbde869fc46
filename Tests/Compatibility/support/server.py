"""A `pontoond` process under test."""

import configparser
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import requests

from .object_store import Bucket, DiskStore, ObjectStore
from .stores import Stores

ROOT = pathlib.Path(__file__).resolve().parents[3]
BINARY = pathlib.Path(os.environ.get("TEST_PONTOOND", ROOT / ".build/release/pontoond"))
LISTENING = re.compile(r"http://127\.0\.0\.1:\d+/v2")


def eventually(condition: Callable[[], bool], what: str, seconds: float = 300) -> None:
    """Polls until a condition holds. The deadline is generous, so that no test depends on the machine's speed."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


@dataclass
class Server:
    """A running server and the admin's token."""

    endpoint: str
    token: str
    data: pathlib.Path
    log: pathlib.Path
    stores: Stores

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return self.endpoint.removesuffix("/v2")

    @property
    def objects(self) -> ObjectStore:
        """Direct access to the server's object store."""
        if self.stores.objects:
            return Bucket(self.stores.objects, self.stores.keys)
        return DiskStore(self.data / "objects")

    def administer(self, *arguments: str) -> str:
        """Runs a `pontoond` command on the server's data and returns what it printed."""
        command = [BINARY, *arguments, "--data", self.data]
        done = subprocess.run(command, env=environment(self.stores), capture_output=True, text=True)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        return done.stdout.strip("\n")

    def add_user(self, name: str) -> str:
        """Adds a user and returns a token for the user."""
        self.administer("user", "add", name)
        return self.administer("token", "create", name)

    def assert_still_serving(self) -> None:
        """Uploads a file and downloads it again."""
        data = bytes(range(256)) * (3 << 12)
        session = requests.Session()
        session.headers["X-SBG-Auth-Token"] = self.token
        new = {"project": "admin/uploads", "name": "still-serving.bin", "size": len(data), "part_size": len(data)}
        upload = session.post(self.endpoint + "/upload/multipart", json=new).json()["upload_id"]
        path = f"{self.endpoint}/upload/multipart/{upload}"
        etag = requests.put(session.get(path + "/part/1").json()["url"], data=data).headers["ETag"]
        report = {"part_number": 1, "response": {"headers": {"ETag": etag}}}
        file = session.post(path + "/complete", json={"parts": [report]}).json()["id"]
        url = session.get(f"{self.endpoint}/files/{file}/download_info").json()["url"]
        assert requests.get(url).content == data


def environment(stores: Stores) -> dict[str, str]:
    """Returns the environment variables of a server that uses these stores."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PONTOON_", "SB_"))}
    return inherited | stores.environment


@contextlib.contextmanager
def running_server(
    folder: pathlib.Path, stores: Stores = Stores(), arguments: Sequence[str] = ()
) -> Iterator[Server]:
    """Runs a server whose data and log are in a folder."""
    assert BINARY.exists(), f"{BINARY} does not exist; 'make build' builds it, or set TEST_PONTOOND to another binary"
    data, output, log = folder / "data", folder / "output", folder / "log"
    with output.open("wb") as out, log.open("wb") as err:
        process = subprocess.Popen(
            [BINARY, "serve", "--data", data, "--listen", "127.0.0.1:0", *arguments],
            env=environment(stores),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    try:
        yield _ready(process, data, output, log, stores)
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=300)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    assert code == 0, f"the server exited with {code}: {log.read_text()[-2000:]}"


def _ready(
    process: subprocess.Popen[bytes], data: pathlib.Path, output: pathlib.Path, log: pathlib.Path, stores: Stores
) -> Server:
    """Waits until the server listens and, if it has a data folder, has written its credentials."""
    found: list[Server] = []

    def is_ready() -> bool:
        assert process.poll() is None, f"the server exited with {process.returncode}: {log.read_text()[-2000:]}"
        address = LISTENING.search(output.read_text())
        token = _saved_token(data) if stores.uses_data_folder else stores.environment["PONTOON_BOOTSTRAP_TOKEN"]
        if address and token:
            found.append(Server(address[0], token, data, log, stores))
        return bool(found)

    eventually(is_ready, "the server listens")
    return found[0]


def _saved_token(data: pathlib.Path) -> str | None:
    credentials = configparser.ConfigParser()
    credentials.read(data / "credentials")
    return credentials.get("default", "auth_token", fallback=None)
