"""PostgreSQL and SeaweedFS servers for tests and benchmarks, run by the scripts beside this file."""

import fcntl
import os
import pathlib
import random
import socket
import subprocess
import tempfile
import urllib.parse
from collections.abc import Sequence
from typing import IO

HERE = pathlib.Path(__file__).resolve().parent
# Below the ports that Linux assigns to outgoing connections.
PORTS = range(10_100, 31_900)
# The Swift tests use the same lock files; see Sources/PontoonTesting/Engines/FreePort.swift.
LOCKS = pathlib.Path(tempfile.gettempdir()) / "pontoon-test-ports"
_held: list[IO[bytes]] = []


class EngineError(Exception):
    """An engine failed to execute a command."""


def is_free(port: int) -> bool:
    """Whether nothing listens on a port of 127.0.0.1."""
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def reserve_port(companion: int = 0) -> int:
    """Reserves a port for this process. `companion` is the distance to a second port that must also be free.

    A lock file reserves the port until the process exits, so that no other test uses it before the engine does.
    """
    for port in random.SystemRandom().sample(PORTS[: len(PORTS) - companion], 1000):
        both = {port, port + companion}
        if all(map(_lock, both)) and all(map(is_free, both)):
            return port
    raise EngineError("no port is free")


def _lock(port: int) -> bool:
    if not LOCKS.is_dir():
        LOCKS.mkdir(exist_ok=True)
        LOCKS.chmod(0o777)
    file = (LOCKS / str(port)).open("ab")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return False
    _held.append(file)
    return True


class Engine:
    """A running script of this folder. The engine stops when this process exits, because the script's input closes."""

    def __init__(self, name: str, arguments: Sequence[str | os.PathLike[str]]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [HERE / name, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def command(self, word: str, reply: str) -> str:
        """Sends a command and returns the script's reply, a line that must start with `reply`."""
        self.process.stdin.write(f"{word}\n")
        return self.expect(reply)

    def expect(self, reply: str) -> str:
        line = self.process.stdout.readline().strip()
        if not line.startswith(reply):
            raise EngineError(f"{self.name} printed {line!r} instead of {reply!r}; run Scripts/setup --test")
        return line

    def close(self) -> None:
        """Stops the engine and deletes its data."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class PostgreSQL(Engine):
    """A PostgreSQL server. `settings` have the form NAME=VALUE."""

    def __init__(self, *settings: str) -> None:
        port = reserve_port()
        # Directly in the temporary directory, because the user "postgres" cannot enter this user's private folders.
        folder = pathlib.Path(tempfile.gettempdir()) / f"pontoon-postgresql-{port}-{os.urandom(8).hex()}"
        super().__init__("postgresql", [folder, str(port), *settings])
        self.port = port
        self._databases = 0
        try:
            self.expect("ready")
        except EngineError:
            self.close()
            raise

    def url(self, database: str) -> str:
        return f"postgres://app@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """Creates an empty database and returns its URL."""
        self._databases += 1
        name = f"test_{self._databases}"
        self.run(f"CREATE DATABASE {name}")
        return self.url(name)

    def run(self, sql: str, database: str | None = None) -> str:
        """Runs one statement and returns its rows, one per line, with columns separated by `|`."""
        command = ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", database or self.url("postgres"), "-c", sql]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise EngineError(f"{sql}: {done.stderr}")
        return done.stdout.strip("\n")


class SeaweedFS(Engine):
    """An S3 server with one bucket."""

    def __init__(
        self,
        weed: pathlib.Path,
        folder: pathlib.Path | None = None,
        *,
        bucket: str = "uploads",
        key: str = "AKPONTOONTESTS",
        # Contains characters that are often encoded incorrectly.
        secret: str = "sk/with+signs=",
    ) -> None:
        folder = folder or pathlib.Path(tempfile.mkdtemp(prefix="pontoon-seaweedfs-"))
        # SeaweedFS also listens 10,000 above each port.
        ports = [reserve_port(companion=10_000) for _ in range(5)]
        super().__init__("seaweedfs", [weed, folder, key, secret, bucket, *map(str, ports)])
        self.endpoint = f"http://127.0.0.1:{ports[0]}"
        self.bucket, self.key, self.secret = bucket, key, secret
        try:
            self.pid = int(self.expect("ready").split()[1])
        except EngineError:
            self.close()
            raise

    @property
    def environment(self) -> dict[str, str]:
        """The variables that give a program access to the bucket."""
        return {"AWS_ACCESS_KEY_ID": self.key, "AWS_SECRET_ACCESS_KEY": self.secret}

    def url(self, prefix: str = "") -> str:
        """The value of `--objects` for the objects of the bucket whose keys start with a prefix."""
        return f"s3://{self.bucket}{'/' * bool(prefix)}{prefix}?endpoint={urllib.parse.quote(self.endpoint, safe=':/')}"
