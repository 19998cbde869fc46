"""Row 4: downloads of a large file that is in the page cache, whole, in parallel and in random ranges."""

import contextlib
import os
import pathlib
import random
from collections.abc import Callable, Iterator

from shared.processes import CORES, Program

from .pontoon import Pontoon
from .sender import Request
from .work import LOAD, SERVER, Line, Sample, Work, at_least
from .workplace import MIB, Workplace

SPEED = "MB/s"
CONNECTIONS = 4
RANGE = MIB


def _store(place: Workplace, server: Pontoon) -> tuple[str, pathlib.Path]:
    """Uploads the file and returns its URL and the path of its bytes."""
    size = place.scale.download
    part = max(size // CONNECTIONS, 5 * MIB)
    count = -(-size // part)
    upload = server.start("download", count * part, part)
    server.send(place.sender, upload, count, part, "report", CONNECTIONS)
    file = server.complete(upload)
    url = server.call("GET", f"/v2/files/{file}/download_info")["url"]
    [object_file] = [path for path in server.data.rglob("*") if path.is_file() and path.stat().st_size == count * part]
    return url, object_file


def _get(place: Workplace, server: Program, url: str, ranges: list[tuple[int, int]], connections: int) -> Sample:
    """Downloads half-open ranges, or the whole file if there are none."""
    requests = [Request("GET", url, headers=(f"Range: bytes={start}-{end - 1}",)) for start, end in ranges]
    before = server.processor_seconds()
    sent = place.sender.run(requests or [Request("GET", url)], connections)
    used = server.processor_seconds() - before
    expected = sum(end - start for start, end in ranges) or sent.received
    if sent.received != expected or expected < RANGE:
        raise SystemExit(f"bench: {sent.received} bytes were received, not {expected}")
    return {SPEED: sent.received / sent.seconds / 1e6, SERVER: 100 * used / sent.seconds / CORES, LOAD: sent.load}


@contextlib.contextmanager
def downloads(place: Workplace) -> Iterator[list[Work]]:
    """Row 4. nginx serves the same file that Pontoon stored."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(place.folder(place.disk))
        ours = stack.enter_context(place.pontoon(folder / "pontoon"))
        nginx = stack.enter_context(place.nginx(folder / "nginx"))
        url, stored = _store(place, ours)
        os.link(stored, nginx.root / "download")
        with stored.open("rb") as file:
            while file.read(MIB):
                pass
        size = stored.stat().st_size
        quarter = -(-size // CONNECTIONS)
        quarters = [(start, min(start + quarter, size)) for start in range(0, size, quarter)]
        dice = random.Random(4)
        starts = [dice.randrange(size - RANGE) for _ in range(place.scale.ranges)]
        ranges = [(start, start + RANGE) for start in starts]

        def work(name: str, wanted: list[tuple[int, int]], connections: int) -> Work:
            def to(server: Program, place_of_file: str) -> Callable[[], Sample]:
                return lambda: _get(place, server, place_of_file, wanted, connections)

            peer = "nginx `sendfile`"
            return Work(
                "4",
                name,
                {"Pontoon": to(ours, url), peer: to(nginx, f"http://127.0.0.1:{nginx.port}/download")},
                [Line("Pontoon", SPEED), Line(peer, SPEED, at_least(1.0, "Pontoon", peer, SPEED))],
            )

        whole = f"{size // MIB:,} MiB GET"
        yield [
            work(f"{whole}, 1 connection", [], 1),
            work(f"{whole}, {CONNECTIONS} connections, a quarter each", quarters, CONNECTIONS),
            work(f"{len(ranges):,} random 1 MiB ranges, {CONNECTIONS} connections", ranges, CONNECTIONS),
        ]
