"""Measures uploads alone and while other clients try to overload the server, in turns; see `run`."""

import argparse
import concurrent.futures
import contextlib
import http.client
import itertools
import json
import multiprocessing
import os
import pathlib
import resource
import socket
import statistics
import subprocess
import tempfile
import threading
import time
import urllib.parse
from collections.abc import Callable

from shared.pontoond import Server
from shared.processes import Observed

UPLOADS = 8
# Number of files that each uploader sends, one after another.
FILES = 4
PARTS = 4
PART = 16 << 20
BYTES = os.urandom(1 << 20) * (PART >> 20)

# Expensive requests of hostile users, who have valid tokens.
NESTED = b"[" * 500 + b"[" + b"[]," * 4000 + b"0]" + b"]" * 500
DESCRIPTION = json.dumps({"name": "large", "description": "d" * 60_000}).encode()
HOSTILE = [
    ("POST", "/v2/projects", NESTED),
    ("POST", "/v2/projects", DESCRIPTION),
    ("GET", "/v2/projects?limit=100&fields=_all", None),
    ("GET", "/v2/projects?fields=id&name=" + "a" * 255, None),
    ("GET", "/v2/files?project=admin/uploads&tag=" + "&tag=".join(map(str, range(3000))), None),
    ("POST", "/v2/action/files/copy", json.dumps({"project": "x/y", "file_ids": ["f"] * 1000}).encode()),
    ("POST", "/v2/bulk/files/get", json.dumps({"file_ids": ["f"] * 100}).encode()),
]


class Load:
    """Connections and users that try to overload a server until `stop` is called."""

    def __init__(self, server: Server, tokens: list[str], scale: float) -> None:
        self._server = server
        self._done = threading.Event()
        self._sockets: list[socket.socket] = []
        self.hostile_calls = 0
        for _ in range(round(2000 * scale)):
            self._connect(b"")
        self._slow = [
            self._connect(b"POST /v2/projects HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n%s\r\n\r\n" % self._token())
            for _ in range(round(500 * scale))
        ]
        document = b"GET /v2/openapi.yaml HTTP/1.1\r\nHost: a\r\n\r\n"
        for _ in range(round(200 * scale)):
            self._connect(document * 100, receive_buffer=4096)
        self._threads = [threading.Thread(target=self._trickle)]
        self._threads += [threading.Thread(target=self._attack, args=(token,)) for token in tokens]
        for thread in self._threads:
            thread.start()

    @property
    def connections(self) -> int:
        """The number of connections that were opened."""
        return len(self._sockets)

    def _token(self) -> bytes:
        return self._server.token_header.encode()

    def _connect(self, data: bytes, receive_buffer: int = 0) -> socket.socket:
        connection = socket.socket()
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        host, port = self._server.address.split(":")
        connection.connect((host, int(port)))
        connection.setblocking(False)
        if data:
            with contextlib.suppress(OSError):
                connection.send(data)
        self._sockets.append(connection)
        return connection

    def _trickle(self) -> None:
        """Sends a byte per second over every slow connection. The server closes connections that take too long."""
        while not self._done.wait(1):
            for connection in self._slow:
                with contextlib.suppress(OSError):
                    connection.send(b" ")

    def _attack(self, token: str) -> None:
        headers = {"X-SBG-Auth-Token": token, "Content-Type": "application/json"}
        while not self._done.is_set():
            for method, path, body in HOSTILE:
                if self._done.wait(0.05):
                    return
                connection = http.client.HTTPConnection(self._server.address, timeout=60)
                with contextlib.suppress(OSError, http.client.HTTPException):
                    connection.request(method, path, body, headers)
                    connection.getresponse().read()
                connection.close()
                self.hostile_calls += 1

    def stop(self) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        for connection in self._sockets:
            connection.close()


class Attack(Observed):
    """A `Load` in a separate process, because the threads of a Python process do not run in parallel."""

    name = "the attack"

    def __init__(self, server: Server, tokens: list[str], scale: float) -> None:
        context = multiprocessing.get_context("fork")
        self._end, ready, self._calls = context.Event(), context.Event(), context.Value("q", 0)
        self._connections = context.Value("q", 0)
        self._process = context.Process(target=self._run, args=(server, tokens, scale, ready), daemon=True)
        self._process.start()
        if self._process.pid is None or not ready.wait(60):
            raise RuntimeError("overload: the attack did not begin within a minute")
        self.pid = self._process.pid
        # The measurement does not include accepting the connections.
        server.wait(lambda: len(os.listdir(f"/proc/{server.pid}/fd")) >= self._connections.value)

    def _run(self, server: Server, tokens: list[str], scale: float, ready) -> None:
        load = Load(server, tokens, scale)
        self._connections.value = load.connections
        ready.set()
        self._end.wait()
        load.stop()
        self._calls.value = load.hostile_calls

    def stop(self) -> int:
        """Stops the attack and returns the number of its expensive requests."""
        self._end.set()
        self._process.join()
        return self._calls.value


def upload(server: Server, name: str, statuses: list[int]) -> list[str]:
    """Uploads `FILES` files of `PARTS` parts, and returns their ids."""
    connection = http.client.HTTPConnection(server.address, timeout=300)

    def call(method, path, body=None, token=True):
        headers = {"X-SBG-Auth-Token": server.token, "Content-Type": "application/json"} if token else {}
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        text = response.read()
        statuses.append(response.status)
        if response.status >= 300:
            raise RuntimeError(f"overload: {method} {path[:60]}: {response.status} {text[:200]!r}")
        return response, json.loads(text) if text else None

    root = "/v2/upload/multipart"
    ids = []
    for index in range(FILES):
        start = {"project": server.project, "name": f"{name}.{index}", "size": PARTS * PART, "part_size": PART}
        upload_id = call("POST", root, json.dumps(start))[1]["upload_id"]
        reports = []
        for number in range(1, PARTS + 1):
            url = urllib.parse.urlsplit(call("GET", f"{root}/{upload_id}/part/{number}")[1]["url"])
            response, _ = call("PUT", f"{url.path}?{url.query}", BYTES, token=False)
            reports.append({"part_number": number, "response": {"headers": {"ETag": response.getheader("ETag")}}})
        ids.append(call("POST", f"{root}/{upload_id}/complete", json.dumps({"parts": reports}))[1]["id"])
    connection.close()
    return ids


def measure(server: Server, statuses: list[int], attack: Attack | None = None) -> tuple[float, list[float]]:
    """Uploads files concurrently, and deletes them afterwards.

    Returns MB/s, and the number of cores that the server, the uploading clients and the attack used.
    """
    clocks: list[Callable[[], float]] = [server.processor_seconds, time.process_time]
    if attack:
        clocks.append(attack.processor_seconds)
    before = [clock() for clock in clocks]
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
        # Raises the error of an upload that failed.
        ids = list(pool.map(lambda number: upload(server, f"u{number}", statuses), range(UPLOADS)))
    seconds = time.perf_counter() - began
    used = [(clock() - start) / seconds for clock, start in zip(clocks, before, strict=True)]
    for file in itertools.chain.from_iterable(ids):
        server.call("DELETE", f"/v2/files/{file}")
    return UPLOADS * FILES * PARTS * PART / 1e6 / seconds, used if attack else [*used, 0]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    rounds, scale = (1, 0.1) if options.smoke else (options.rounds, 1)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    with tempfile.TemporaryDirectory() as folder:
        server = Server(options.server, pathlib.Path(folder))
        try:
            admin = [options.server, "user", "add"], [options.server, "token", "create"]
            data = ["--data", server.data]
            tokens = []
            for number in range(round(50 * scale)):
                subprocess.run([*admin[0], f"user{number}", *data], check=True, capture_output=True)
                created = subprocess.run([*admin[1], f"user{number}", *data], check=True, capture_output=True, text=True)
                tokens.append(created.stdout.strip())
            statuses: list[int] = []
            measure(server, statuses)
            results: dict[str, list[tuple[float, list[float]]]] = {"alone": [], "under attack": []}
            calls = 0
            for _ in range(rounds):
                results["alone"].append(measure(server, statuses))
                attack = Attack(server, tokens, scale)
                try:
                    results["under attack"].append(measure(server, statuses, attack))
                finally:
                    calls += attack.stop()
            print("| Uploads | MB/s (lowest–highest) | Cores: server | clients | attack |")
            print("| --- | ---: | ---: | ---: | ---: |")
            for name, rows in results.items():
                speeds = [speed for speed, _ in rows]
                cores = [statistics.median(column) for column in zip(*(used for _, used in rows), strict=True)]
                print(
                    f"| {name} | {statistics.median(speeds):.0f} ({min(speeds):.0f}–{max(speeds):.0f}) | "
                    + " | ".join(f"{core:.2f}" for core in cores)
                    + " |"
                )
            pairs = [b[0] / a[0] for a, b in zip(results["alone"], results["under attack"], strict=True)]
            print(f"\nRatio {statistics.median(pairs):.2f} ({min(pairs):.2f}–{max(pairs):.2f}); hostile calls {calls};")
            print(f"peak memory {server.memory('VmHWM'):.0f} MiB; {len(statuses)} calls of the uploads, none with an error.")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
