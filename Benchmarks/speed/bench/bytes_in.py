"""Rows 1 to 3: parts to memory and to the disk; row 11: parts while another program reads files."""

import contextlib
import functools
import os
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Protocol, Self

from shared.processes import CORES, run, run_together

from .sender import Ready, Sender
from .work import LOAD, SERVER, Line, Sample, Work, at_least, at_most, limit, told
from .workplace import GIB, KIB, MIB, Workplace

SPEED, COST = "MB/s", "s of processor per GiB"
STREAMS = 4
OURS = "Pontoon"
STARTED = "Pontoon, init not counted"
SINK, SYNCING, EQUAL = "C sink, preallocating", "C sink, `fdatasync`", "C sink, preallocating, `fdatasync`"
NGINX, TUNED = "nginx WebDAV", "nginx WebDAV, `client_body_buffer_size 1m`"


class Receiver(Protocol):
    """A server that receives parts."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def put(self, sender: Sender, count: int, size: int) -> Ready: ...
    def processor_seconds(self) -> float: ...


Start = Callable[[pathlib.Path], Receiver]


def put(place: Workplace, base: pathlib.Path, start: Start, count: int) -> Sample:
    """Starts a server with an empty store and sends the parts concurrently."""
    size = place.scale.put
    with place.folder(base) as folder, start(folder / "server") as server:
        server.put(place.sender, 1, MIB)()
        send = server.put(place.sender, count, size)
        before = server.processor_seconds()
        sent = send()
        used = server.processor_seconds() - before
        # Requests for the URLs of parts, which only Pontoon receives, add some bytes.
        if not count * size <= sent.sent <= count * size + count * KIB:
            raise SystemExit(f"bench: {sent.sent} bytes were sent, not {count * size}")
        return {
            SPEED: count * size / sent.seconds / 1e6,
            COST: used / (count * size / GIB),
            SERVER: 100 * used / sent.seconds / CORES,
            LOAD: sent.load,
        }


def _size(place: Workplace) -> str:
    return "1 GiB" if place.scale.put == GIB else f"{place.scale.put // MIB} MiB"


Contenders = dict[str, Callable[[], Sample]]


def _contenders(place: Workplace, base: pathlib.Path, count: int, starts: dict[str, Start]) -> Contenders:
    return {who: functools.partial(put, place, base, start, count) for who, start in starts.items()}


@contextlib.contextmanager
def parallel_to_memory(place: Workplace) -> Iterator[list[Work]]:
    """Row 1."""
    weed, one_file, unsynced = "SeaweedFS UploadPart", "Pontoon, parts of one file", "Pontoon, `--durability os`"
    starts: dict[str, Start] = {
        OURS: place.pontoon,
        SINK: functools.partial(place.sink, flags=("preallocate",)),
        NGINX: place.nginx,
        TUNED: place.tuned_nginx,
        weed: place.seaweedfs,
        STARTED: place.pontoon_started,
        one_file: place.pontoon_one_file,
        unsynced: lambda folder: place.pontoon(folder, "--durability", "os"),
    }
    yield [
        Work(
            "1",
            f"{STREAMS} × {_size(place)} PUT at once, tmpfs",
            _contenders(place, place.memory, STREAMS, starts),
            [
                Line(OURS, SPEED),
                Line(SINK, SPEED, at_least(0.90, OURS, SINK, SPEED)),
                Line(NGINX, SPEED, at_least(1.3, OURS, NGINX, SPEED)),
                Line(TUNED, SPEED, told(OURS, TUNED, SPEED)),
                Line(weed, SPEED, at_least(6, OURS, weed, SPEED)),
                Line(STARTED, SPEED),
                Line(one_file, SPEED),
                Line(unsynced, SPEED),
            ],
            notes=[
                "Rows 1 to 3: for Pontoon from init, which preallocates the file, to the response to the last byte; the "
                "sink preallocates in that time, too."
            ],
        )
    ]


def _to_disk(place: Workplace, row: str, count: int, others: Contenders, lines: list[Line]) -> Work:
    """Measures durable uploads to the disk, compared with servers that receive the same bytes."""
    starts: dict[str, Start] = {
        OURS: place.pontoon,
        EQUAL: functools.partial(place.sink, flags=("preallocate", "sync")),
        SYNCING: functools.partial(place.sink, flags=("sync",)),
        NGINX: place.nginx,
    }
    return Work(
        row,
        f"{count} × {_size(place)} PUT{' at once' if count > 1 else ''}, disk, durable",
        _contenders(place, place.disk, count, starts) | others,
        [
            Line(OURS, SPEED),
            Line(OURS, COST),
            Line(EQUAL, SPEED, at_least(0.9, OURS, EQUAL, SPEED)),
            Line(EQUAL, COST, told(OURS, EQUAL, COST)),
            Line(SYNCING, SPEED, told(OURS, SYNCING, SPEED)),
            Line(SYNCING, COST, at_most(0.7, OURS, SYNCING, COST)),
            Line(NGINX, SPEED, told(OURS, NGINX, SPEED)),
            Line(NGINX, COST, at_most(0.5, OURS, NGINX, COST)),
            *lines,
        ],
        notes=["nginx does not wait for the disk; its bytes may be in memory only when it responds."],
    )


@contextlib.contextmanager
def _source(place: Workplace) -> Iterator[pathlib.Path]:
    """Yields a file in memory with the bytes of all streams."""
    with place.folder(place.memory) as folder:
        source = folder / "random"
        with source.open("wb") as file:
            for _ in range(STREAMS * place.scale.put // MIB):
                file.write(os.urandom(MIB))
        yield source


@contextlib.contextmanager
def parallel_to_disk(place: Workplace) -> Iterator[list[Work]]:
    """Row 2."""
    size = place.scale.put
    with _source(place) as source:

        def dd(count: int, *flags: str) -> Sample:
            with place.folder(place.disk) as folder:
                os.sync()
                length = STREAMS * size // count
                seconds = run_together(
                    [
                        [
                            "dd",
                            f"if={source}",
                            f"of={folder}/{number}",
                            "bs=1M",
                            "conv=fdatasync",
                            "iflag=skip_bytes,count_bytes",
                            f"skip={number * length}",
                            f"count={length}",
                            *flags,
                        ]
                        for number in range(count)
                    ]
                )
                return {SPEED: STREAMS * size / seconds / 1e6}

        direct, buffered = f"{STREAMS} dd oflag=direct conv=fdatasync", f"{STREAMS} dd conv=fdatasync"
        yield [
            _to_disk(
                place,
                "2",
                STREAMS,
                {direct: lambda: dd(STREAMS, "oflag=direct"), buffered: lambda: dd(STREAMS)},
                [
                    Line(direct, SPEED, at_least(0.95, OURS, direct, SPEED)),
                    Line(buffered, SPEED, told(OURS, buffered, SPEED)),
                ],
            )
        ]


@contextlib.contextmanager
def single(place: Workplace) -> Iterator[list[Work]]:
    """Row 3."""
    starts: dict[str, Start] = {
        OURS: place.pontoon,
        SINK: functools.partial(place.sink, flags=("preallocate",)),
        NGINX: place.nginx,
        STARTED: place.pontoon_started,
    }
    yield [
        Work(
            "3",
            f"1 × {_size(place)} PUT, tmpfs",
            _contenders(place, place.memory, 1, starts),
            [
                Line(OURS, SPEED),
                Line(SINK, SPEED, at_least(0.90, OURS, SINK, SPEED)),
                Line(NGINX, SPEED, told(OURS, NGINX, SPEED)),
                Line(STARTED, SPEED),
            ],
        ),
        _to_disk(place, "3", 1, {}, []),
    ]


@contextlib.contextmanager
def beside_reader(place: Workplace) -> Iterator[list[Work]]:
    """Row 11."""
    size, cached = place.scale.put, "MiB of its files in the page cache"
    neighbor = "MB/s of the reader"
    with place.folder(place.disk) as folder:
        read = folder / "read"
        with read.open("wb") as file:
            for _ in range(STREAMS * size // MIB):
                file.write(os.urandom(MIB))
        os.sync()

        def reader() -> subprocess.Popen[str]:
            """Reads the file from the disk through the page cache, and then from the cache."""
            code = (
                "import os, sys, time; f = os.open(sys.argv[1], os.O_RDONLY)\n"
                "os.posix_fadvise(f, 0, 0, os.POSIX_FADV_DONTNEED)\n"
                "for _ in range(2):\n"
                "    began = time.perf_counter(); os.lseek(f, 0, 0)\n"
                "    while os.read(f, 1 << 20): pass\n"
                "print(time.perf_counter() - began)"
            )
            return subprocess.Popen([sys.executable, "-c", code, read], stdout=subprocess.PIPE, text=True)

        def wait(process: subprocess.Popen[str]) -> float:
            said, _ = process.communicate()
            if process.returncode != 0:
                raise SystemExit("bench: the reader failed")
            return STREAMS * size / float(said) / 1e6

        def beside(*flags: str) -> Sample:
            with place.folder(place.disk) as home, place.pontoon(home / "server", *flags) as server:
                send = server.put(place.sender, STREAMS, size)
                process = reader()
                sent = send()
                speed = wait(process)
                files = [path for path in (home / "server").rglob("*") if path.is_file() and path.stat().st_size >= size]
                pages = run(["fincore", "--bytes", "--noheadings", "--output", "RES", *files]).split()
                return {
                    SPEED: STREAMS * size / sent.seconds / 1e6,
                    neighbor: speed,
                    cached: sum(map(int, pages)) / MIB,
                }

        through = "Pontoon, `--direct-io off`"
        yield [
            Work(
                "11",
                f"{STREAMS} × {_size(place)} PUT at once, disk, durable, while a program reads {STREAMS} GiB twice",
                {OURS: beside, through: lambda: beside("--direct-io", "off")},
                [
                    Line(OURS, SPEED),
                    Line(OURS, cached, limit(256, OURS, cached)),
                    Line(OURS, neighbor),
                    Line(through, SPEED, told(OURS, through, SPEED)),
                    Line(through, cached),
                    Line(through, neighbor, told(OURS, through, neighbor)),
                ],
            )
        ]
