"""Rows 9 and 10: memory and startup time of the server."""

import contextlib
import pathlib
import sys
import time
from collections.abc import Iterator

from shared.processes import CORES

from .work import LOAD, SERVER, Line, Sample, Work, limit
from .workplace import MIB, Workplace

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "listing"))

import listing  # noqa: E402  (Benchmarks/listing contains the code that fills a store)

AT_ONCE = 64
ROUNDS = 2


@contextlib.contextmanager
def memory(place: Workplace) -> Iterator[list[Work]]:
    """Row 9."""
    peak, idle, speed = "MiB", "MiB idle", "MB/s"

    def put(part: int) -> Sample:
        with place.folder(place.disk) as folder, place.pontoon(folder) as server:
            count = place.scale.memory // part
            upload = server.start("memory", count * part, part)
            at_start = server.memory("VmRSS")
            before = server.processor_seconds()
            sent = server.send(place.sender, upload, count, part, "put", AT_ONCE)
            used = server.processor_seconds() - before
            return {
                peak: server.memory("VmHWM"),
                idle: at_start,
                speed: sent.sent / sent.seconds / 1e6,
                SERVER: 100 * used / sent.seconds / CORES,
                LOAD: sent.load,
            }

    def work(part: int) -> Work:
        return Work(
            "9",
            f"Peak memory, {AT_ONCE} PUTs of {part // MIB} MiB at once, {place.scale.memory // MIB:,} MiB, disk",
            {"Pontoon": lambda: put(part)},
            [Line("Pontoon", peak, limit(128, "Pontoon", peak)), Line("Pontoon", idle), Line("Pontoon", speed)],
            most_rounds=ROUNDS,
            notes=[f"Row 9 is measured {ROUNDS} times at most: it moves {place.scale.memory // MIB:,} MiB each time."],
        )

    yield [work(part) for part in place.scale.memory_parts]


@contextlib.contextmanager
def start(place: Workplace) -> Iterator[list[Work]]:
    """Row 10."""
    files, uploads = place.scale.store
    with place.folder(place.disk) as folder:
        with place.pontoon(folder) as server:
            data = server.data
        listing.fill(data, files, uploads)

        def restart() -> Sample:
            began = time.perf_counter()
            with place.pontoon(folder, "--upload-lifetime", "90d") as server:
                seconds = time.perf_counter() - began
                last = server.call("GET", f"/v2/files?project={server.project}&limit=1&offset={files - 1}")
                open_last = server.call("GET", f"/v2/upload/multipart?limit=1&offset={uploads - 1}")
                if (len(last["items"]), len(open_last["items"])) != (1, 1):
                    raise SystemExit("bench: the server does not list all files and uploads of the store")
                return {"s": seconds}

        yield [
            Work(
                "10",
                f"From exec to the first answer, {files:,} files, {uploads:,} open uploads, page cache warm",
                {"Pontoon": restart},
                [Line("Pontoon", "s", limit(1, "Pontoon", "s"))],
            )
        ]
