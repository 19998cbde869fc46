"""Rows 5 and 6: calls that only read, and calls that write."""

import contextlib
import json
import pathlib
import random
import re
import resource
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator

from shared.processes import CORES, Program, run

from .sender import Request, Sent
from .work import LOAD, SERVER, Line, Sample, Work, at_least, at_most
from .workplace import Workplace

RATE, SLOWEST, COST = "calls/s", "ms p99", "µs of processor per call"
CONNECTIONS = 64
PART_BYTES = 64
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _wrk(place: Workplace, server: Program, url: str, *headers: str) -> Sample:
    seconds = place.scale.load_seconds
    options = [f"-t{CORES}", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency"]
    for header in headers:
        options += ["-H", header]
    run(["wrk", f"-t{CORES}", f"-c{CONNECTIONS}", "-d1s", *options[4:], url])  # not counted: fills caches
    server_before, load_before = server.processor_seconds(), _children_seconds()
    said = run(["wrk", *options, url])
    server_used, load_used = server.processor_seconds() - server_before, _children_seconds() - load_before
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    slowest = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    if not rate or not slowest or "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"bench: {said}")
    return {
        RATE: float(rate[1]),
        SLOWEST: float(slowest[1]) * UNITS[slowest[2]],
        COST: 1e6 * server_used / (float(rate[1]) * seconds),
        SERVER: 100 * server_used / seconds / CORES,
        LOAD: 100 * load_used / seconds / CORES,
    }


def _p99(sent: Sent) -> float:
    return statistics.quantiles(sent.tasks, n=100)[98] * 1000


def _send(place: Workplace, server: Program, requests: list[Request]) -> Sample:
    before = server.processor_seconds()
    sent = place.sender.run(requests, CONNECTIONS)
    used = server.processor_seconds() - before
    return {
        RATE: len(requests) / sent.seconds,
        SLOWEST: _p99(sent),
        SERVER: 100 * used / sent.seconds / CORES,
        LOAD: sent.load,
    }


@contextlib.contextmanager
def part_info(place: Workplace) -> Iterator[list[Work]]:
    """Row 5."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(place.folder(place.disk))
        ours = stack.enter_context(place.pontoon(folder / "pontoon"))
        constant = stack.enter_context(place.constant(folder / "constant"))
        upload = ours.start("calls", 5 << 20, 5 << 20)
        url = f"{ours.endpoint}/upload/multipart/{upload}/part/1"
        calls = place.scale.load_seconds * 10_000
        name, peer = "Pontoon", "Hummingbird, constant string"
        yield [
            Work(
                "5",
                f"GET part info, {CONNECTIONS} connections",
                {
                    name: lambda: _wrk(place, ours, url, ours.token_header),
                    peer: lambda: _wrk(place, constant, constant.url),
                    f"{peer}, by the sender": lambda: _send(place, constant, [Request("GET", constant.url)] * calls),
                },
                [
                    Line(name, RATE),
                    Line(peer, RATE, at_least(0.75, name, peer, RATE)),
                    Line(name, COST),
                    Line(peer, COST, at_most(1.4, name, peer, COST)),
                    Line(name, SLOWEST),
                    Line(peer, SLOWEST, at_most(2, name, peer, SLOWEST)),
                    Line(f"{peer}, by the sender", RATE),
                ],
                notes=["Row 5 is measured with wrk; the sender beside it shows that the two generators agree."],
            )
        ]


def _prepare(place: Workplace, folder: pathlib.Path) -> list[tuple[str, int, str]]:
    """Fills a store with unreported parts. Returns upload, number and ETag of each part, in random order."""
    uploads, parts = place.scale.reports
    with place.pontoon(folder, "--min-part-size", "1") as server:
        ids = [server.start(f"reports-{number}", parts * PART_BYTES, PART_BYTES) for number in range(uploads)]
        wanted = [(upload, number) for number in range(1, parts + 1) for upload in ids]
        sent = place.sender.parts(server.origin, server.token, PART_BYTES, wanted, "put", CONNECTIONS)
    stored = [(upload, int(number), tag) for upload, number, tag in map(str.split, sent.lines)]
    random.Random(6).shuffle(stored)
    return stored


def _report(place: Workplace, template: pathlib.Path, stored: list[tuple[str, int, str]]) -> Sample:
    """Reports each part to a server on a copy of the store, and then all parts again."""
    with place.folder(place.disk) as folder:
        shutil.copytree(template, folder / "store")
        run(["sync"])
        with place.pontoon(folder / "store", "--min-part-size", "1") as server:
            requests = [
                Request(
                    "POST",
                    f"{server.endpoint}/upload/multipart/{upload}/part",
                    "text:" + json.dumps({"part_number": number, "response": {"headers": {"ETag": tag}}}),
                    (server.token_header, "Content-Type: application/json"),
                )
                for upload, number, tag in stored
            ]
            first = _send(place, server, requests)
            reported = sum(
                server.call("GET", f"/v2/upload/multipart/{upload}")["uploaded_parts_count"]
                for upload in {upload for upload, _, _ in stored}
            )
            if reported != len(stored):
                raise SystemExit(f"bench: only {reported} of {len(stored)} parts are recorded as reported")
            return first | {f"repeated {RATE}": _send(place, server, requests)[RATE]}


def _single_commits(place: Workplace) -> Sample:
    """Makes the same change to the same row in SQLite, with one commit per call."""
    count = place.scale.single_commits
    with place.folder(place.disk) as folder:
        database = sqlite3.connect(folder / "single.sqlite", isolation_level=None)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(
            "CREATE TABLE parts (upload_id TEXT, number INTEGER, etag TEXT, is_reported INTEGER,"
            " PRIMARY KEY (upload_id, number))"
        )
        uploads, parts = place.scale.reports
        rows = [(f"{upload:064d}", number, f"{number:016x}") for upload in range(uploads) for number in range(parts)]
        database.execute("BEGIN")
        database.executemany("INSERT INTO parts VALUES (?, ?, ?, 0)", rows)
        database.execute("COMMIT")
        random.Random(6).shuffle(rows)
        began = time.perf_counter()
        for upload, number, _ in rows[:count]:
            database.execute("UPDATE parts SET is_reported = 1 WHERE upload_id = ? AND number = ?", (upload, number))
        seconds = time.perf_counter() - began
        database.close()
        return {RATE: min(count, len(rows)) / seconds}


@contextlib.contextmanager
def reports(place: Workplace) -> Iterator[list[Work]]:
    """Row 6."""
    with contextlib.ExitStack() as stack:
        template = stack.enter_context(place.folder(place.disk)) / "store"
        stored = _prepare(place, template)
        reading = stack.enter_context(place.folder(place.disk)) / "store"
        shutil.copytree(template, reading)
        ours = stack.enter_context(place.pontoon(reading, "--min-part-size", "1"))
        gets = [
            Request("GET", f"{ours.endpoint}/upload/multipart/{upload}/part/{number}", headers=(ours.token_header,))
            for upload, number, _ in stored
        ]
        name, single, info = "Pontoon", "SQLite, a commit per call", "Pontoon, GET part info"
        yield [
            Work(
                "6",
                f"{len(stored):,} first reports of a part, {CONNECTIONS} connections, durable",
                {
                    name: lambda: _report(place, template, stored),
                    single: lambda: _single_commits(place),
                    info: lambda: _send(place, ours, gets),
                },
                [
                    Line(name, RATE),
                    Line(single, RATE, at_least(3, name, single, RATE)),
                    Line(info, RATE, at_least(0.7, name, info, RATE)),
                    Line(name, SLOWEST),
                    Line(name, f"repeated {RATE}"),
                ],
                notes=[
                    "Row 6 compares reports with row 5's call by the same sender. Repeated: the same reports again."
                ],
            )
        ]
