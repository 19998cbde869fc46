"""Measures uploads alone and while other clients try to overload the server, in turns; see `run`."""

import argparse
import concurrent.futures
import contextlib
import http.client
import json
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

from shared.pontoond import Server

UPLOADS = 8
PARTS = 4
PART = 16 << 20
BYTES = os.urandom(1 << 20) * (PART >> 20)

# Requests of users who have a token and mean harm.
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
    """Connections and users that try to overload a server, until `stop`."""

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
        """Sends a byte on every slow connection once a second; the server closes them when they take too long."""
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


def upload(server: Server, name: str, statuses: list[int]) -> None:
    """Uploads a file of `PARTS` parts and deletes it."""
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
    start = {"project": server.project, "name": name, "size": PARTS * PART, "part_size": PART}
    upload_id = call("POST", root, json.dumps(start))[1]["upload_id"]
    reports = []
    for number in range(1, PARTS + 1):
        url = urllib.parse.urlsplit(call("GET", f"{root}/{upload_id}/part/{number}")[1]["url"])
        response, _ = call("PUT", f"{url.path}?{url.query}", BYTES, token=False)
        reports.append({"part_number": number, "response": {"headers": {"ETag": response.getheader("ETag")}}})
    file = call("POST", f"{root}/{upload_id}/complete", json.dumps({"parts": reports}))[1]
    call("DELETE", f"/v2/files/{file['id']}")
    connection.close()


def measure(server: Server, statuses: list[int]) -> float:
    """Uploads files concurrently and returns MB/s."""
    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(UPLOADS) as pool:
        # Raises the error of an upload that failed.
        list(pool.map(lambda number: upload(server, f"u{number}", statuses), range(UPLOADS)))
    return UPLOADS * PARTS * PART / 1e6 / (time.perf_counter() - began)


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
            speeds: dict[str, list[float]] = {"alone": [], "under attack": []}
            calls = 0
            for _ in range(rounds):
                speeds["alone"].append(measure(server, statuses))
                load = Load(server, tokens, scale)
                try:
                    speeds["under attack"].append(measure(server, statuses))
                finally:
                    load.stop()
                calls += load.hostile_calls
            print("| Uploads | MB/s (lowest–highest) |\n| --- | ---: |")
            for name, values in speeds.items():
                print(f"| {name} | {statistics.median(values):.0f} ({min(values):.0f}–{max(values):.0f}) |")
            pairs = [b / a for a, b in zip(speeds["alone"], speeds["under attack"], strict=True)]
            print(f"\nRatio {statistics.median(pairs):.2f} ({min(pairs):.2f}–{max(pairs):.2f}); hostile calls {calls};")
            print(f"peak memory {server.memory('VmHWM'):.0f} MiB; {len(statuses)} calls of the uploads, none with an error.")
        finally:
            server.stop()


if __name__ == "__main__":
    main()
