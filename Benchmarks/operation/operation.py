"""Measures the processor time of the server with and without metrics, audit log and quotas; see `run`."""

import argparse
import http.client
import json
import pathlib
import re
import statistics
import tempfile
import threading
import urllib.parse
from collections.abc import Callable

from shared.pontoond import Server
from shared.processes import run

UPLOADS = "/v2/upload/multipart"
QUOTAS = ["--user-quota", "10TiB", "--project-quota", "10TiB"]
METRICS = ["--metrics-listen", "127.0.0.1:0"]
AUDIT = ["--audit-log", "AUDIT"]
CONFIGURATIONS = {
    "none": [],
    "metrics": METRICS,
    "audit log": AUDIT,
    "quotas": QUOTAS,
    "all three": METRICS + AUDIT + QUOTAS,
}
SENDERS = 4


class Work:
    """The operations. Each returns the server's processor time in microseconds per unit."""

    def __init__(self, seconds: int, files: int, part: int) -> None:
        self.seconds, self.files, self.part = seconds, files, part

    def bytes_in(self, server: Server) -> float:
        """Parts to memory. Returns the time per GiB."""
        count = 32
        body = bytes(self.part)
        new = {"project": server.project, "name": "f", "size": count * self.part, "part_size": self.part}
        upload = f"{UPLOADS}/{server.call('POST', UPLOADS, new)['upload_id']}"
        urls = [server.call("GET", f"{upload}/part/{number}")["url"] for number in range(1, count + 1)]
        before = server.processor_seconds()
        for url in urls:
            put(server.connection, url, body)
        return (server.processor_seconds() - before) * 1e6 / (count * self.part / (1 << 30))

    def infos(self, server: Server) -> float:
        """Part infos over 16 connections. Returns the time per call."""
        upload = server.call("POST", UPLOADS, {"project": server.project, "name": "f", "size": 64})["upload_id"]
        return self._wrk(server, f"{UPLOADS}/{upload}/part/1")

    def reports(self, server: Server) -> float:
        """Reports of a stored part over 16 connections. Returns the time per call."""
        upload = server.call("POST", UPLOADS, {"project": server.project, "name": "f", "size": 64})["upload_id"]
        etag = put(server.connection, server.call("GET", f"{UPLOADS}/{upload}/part/1")["url"], bytes(64))
        script = server.data.parent / "report.lua"
        body = json.dumps({"part_number": 1, "response": {"headers": {"ETag": etag.strip('"')}}})
        header = 'wrk.headers["Content-Type"] = "application/json"'
        script.write_text(f'wrk.method = "POST"\n{header}\nwrk.body = [[{body}]]\n')
        return self._wrk(server, f"{UPLOADS}/{upload}/part", "-s", str(script))

    def small_files(self, server: Server) -> float:
        """Files of 64 bytes from initialize to complete, four at a time. Returns the time per file."""

        def send(sender: int, count: int, connection: http.client.HTTPConnection, round: str) -> None:
            for index in range(count):
                name = f"{round}-{sender}-{index}"
                new = {"project": server.project, "name": name, "size": 64}
                upload = f"{UPLOADS}/{call(server, connection, 'POST', UPLOADS, new)['upload_id']}"
                etag = put(connection, call(server, connection, "GET", f"{upload}/part/1")["url"], bytes(64))
                report = {"part_number": 1, "response": {"headers": {"ETag": etag}}}
                call(server, connection, "POST", f"{upload}/complete", {"parts": [report]})

        def all_senders(count: int, round: str) -> None:
            connections = [http.client.HTTPConnection(server.address, timeout=300) for _ in range(SENDERS)]
            threads = [
                threading.Thread(target=send, args=(index, count // SENDERS, connection, round))
                for index, connection in enumerate(connections)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if server.call("GET", f"/v2/files?project={server.project}&limit=1&name={round}-0-0")["items"] == []:
                raise SystemExit("bench: a file was not stored")

        all_senders(self.files // 5, "warm-up")
        before = server.processor_seconds()
        all_senders(self.files, "measured")
        return (server.processor_seconds() - before) * 1e6 / (self.files // SENDERS * SENDERS)

    def _wrk(self, server: Server, path: str, *arguments: str) -> float:
        url = server.origin + path
        command = ["wrk", "-t1", "-c16", "-H", server.token_header, *arguments]
        run([*command, "-d1s", url])
        before = server.processor_seconds()
        printed = run([*command, f"-d{self.seconds}s", url])
        used = server.processor_seconds() - before
        calls = re.search(r"(\d+) requests in", printed)
        if not calls or "Non-2xx" in printed:
            raise SystemExit(f"bench: wrk: {printed}")
        return used * 1e6 / int(calls[1])


def put(connection: http.client.HTTPConnection, url: str, body: bytes) -> str:
    """Sends a part and returns its ETag."""
    parts = urllib.parse.urlsplit(url)
    connection.request("PUT", f"{parts.path}?{parts.query}", body)
    response = connection.getresponse()
    response.read()
    etag = response.headers["ETag"]
    if response.status != 200 or not etag:
        raise SystemExit(f"bench: PUT: {response.status}")
    return str(etag)


def call(
    server: Server, connection: http.client.HTTPConnection, method: str, path: str, body: object = None
) -> dict[str, str]:
    """Makes one API call on a separate connection; see `Server.call`."""
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"X-SBG-Auth-Token": server.token, "Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status not in (200, 201):
        raise SystemExit(f"bench: {method} {path}: {response.status} {answer[:500]!r}")
    parsed: dict[str, str] = json.loads(answer)
    return parsed


def measure(binary: pathlib.Path, flags: list[str], work: Callable[[Server], float]) -> float:
    """Runs a new server for one measurement."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name:
        folder = pathlib.Path(name)
        flags = [str(folder / "audit.log") if flag == "AUDIT" else flag for flag in flags]
        with Server(binary, folder, "--durability", "os", *flags) as server:
            return work(server)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--only", default="bytes,infos,reports,files")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    work = Work(seconds=2, files=2000, part=64 << 20)
    if options.smoke:
        options.rounds, work = 1, Work(seconds=1, files=40, part=1 << 20)
    rows = {
        "bytes": ("bytes in, per GiB", work.bytes_in),
        "infos": ("part info", work.infos),
        "reports": ("report of a part", work.reports),
        "files": ("small file, four calls", work.small_files),
    }
    print("| Work | Switched on | Processor µs of the server, median (min–max) | Ratio of medians | of minima |")
    print("| --- | --- | ---: | ---: | ---: |")
    for row in options.only.split(","):
        title, operation = rows[row]
        results: dict[str, list[float]] = {name: [] for name in CONFIGURATIONS}
        for number in range(options.rounds):
            # Every second round is in reverse order, so that no configuration is always measured first.
            turns = list(CONFIGURATIONS.items())
            for name, flags in turns if number % 2 == 0 else reversed(turns):
                results[name].append(measure(options.server, flags, operation))
        for name, values in results.items():
            none = results["none"]
            spread = f"{statistics.median(values):,.1f} ({min(values):,.1f}–{max(values):,.1f})"
            medians = statistics.median(values) / statistics.median(none)
            print(f"| {title} | {name} | {spread} | {medians:.3f} | {min(values) / min(none):.3f} |", flush=True)


main()
