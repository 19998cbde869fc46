"""Rows 1 to 3: parts to memory and to the disk."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Protocol, Self

from shared.processes import CORES, run_together

from .sender import Ready, Sender
from .work import LOAD, SERVER, Line, Sample, Work, at_least, told
from .workplace import GIB, KIB, MIB, Workplace

SPEED = "MB/s"
STREAMS = 4
STARTED = "Pontoon, init not counted"
TUNED = "nginx WebDAV, `client_body_buffer_size 1m`"


class Receiver(Protocol):
    """A server that parts can be sent to."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def put(self, sender: Sender, count: int, size: int) -> Ready: ...
    def processor_seconds(self) -> float: ...


Start = Callable[[pathlib.Path], Receiver]


def put(place: Workplace, base: pathlib.Path, start: Start, count: int) -> Sample:
    """Starts a server with an empty store and sends it the parts at the same time."""
    size = place.scale.put
    with place.folder(base) as folder, start(folder / "server") as server:
        server.put(place.sender, 1, MIB)()
        send = server.put(place.sender, count, size)
        before = server.processor_seconds()
        sent = send()
        used = server.processor_seconds() - before
        # Pontoon is also asked where to, which is some bytes more.
        if not count * size <= sent.sent <= count * size + count * KIB:
            raise SystemExit(f"bench: {sent.sent} bytes were sent")
        return {SPEED: count * size / sent.seconds / 1e6, SERVER: 100 * used / sent.seconds / CORES, LOAD: sent.load}


def _size(place: Workplace) -> str:
    return "1 GiB" if place.scale.put == GIB else f"{place.scale.put // MIB} MiB"


@contextlib.contextmanager
def parallel_to_memory(place: Workplace) -> Iterator[list[Work]]:
    """Row 1."""

    def to(start: Start) -> Callable[[], Sample]:
        return lambda: put(place, place.memory, start, STREAMS)

    ours = "Pontoon"
    yield [
        Work(
            "1",
            f"{STREAMS} × {_size(place)} PUT at once, tmpfs",
            {
                ours: to(place.pontoon),
                "C sink": to(place.sink),
                "nginx WebDAV": to(place.nginx),
                TUNED: to(place.tuned_nginx),
                "SeaweedFS UploadPart": to(place.seaweedfs),
                STARTED: to(place.pontoon_started),
                "Pontoon, parts of one file": to(place.pontoon_one_file),
                "Pontoon, `--durability os`": to(lambda folder: place.pontoon(folder, "--durability", "os")),
            },
            [
                Line(ours, SPEED),
                Line("C sink", SPEED, at_least(0.90, ours, "C sink", SPEED)),
                Line("nginx WebDAV", SPEED, at_least(1.3, ours, "nginx WebDAV", SPEED)),
                Line(TUNED, SPEED, told(ours, TUNED, SPEED)),
                Line("SeaweedFS UploadPart", SPEED, at_least(6, ours, "SeaweedFS UploadPart", SPEED)),
                Line(STARTED, SPEED),
                Line("Pontoon, parts of one file", SPEED),
                Line("Pontoon, `--durability os`", SPEED),
            ],
            notes=[
                "Rows 1 to 3: for Pontoon from init, which preallocates the file, to the response to the last byte."
            ],
        )
    ]


@contextlib.contextmanager
def parallel_to_disk(place: Workplace) -> Iterator[list[Work]]:
    """Row 2."""
    size = place.scale.put
    with place.folder(place.memory) as source_folder:
        source = source_folder / "random"
        with source.open("wb") as file:
            for _ in range(STREAMS * size // MIB):
                file.write(os.urandom(MIB))

        def dd(count: int) -> Sample:
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
                        ]
                        for number in range(count)
                    ]
                )
                return {SPEED: STREAMS * size / seconds / 1e6}

        ours, together, alone = "Pontoon", f"{STREAMS} dd conv=fdatasync at once", "1 dd conv=fdatasync"
        yield [
            Work(
                "2",
                f"{STREAMS} × {_size(place)} PUT at once, disk, durable",
                {
                    ours: lambda: put(place, place.disk, place.pontoon, STREAMS),
                    together: lambda: dd(STREAMS),
                    alone: lambda: dd(1),
                },
                [
                    Line(ours, SPEED),
                    Line(together, SPEED, at_least(0.95, ours, together, SPEED)),
                    Line(alone, SPEED, told(ours, alone, SPEED)),
                ],
                notes=[
                    "The baseline of row 2 is as many dd as there are streams; one dd for all bytes is told beside it."
                ],
            )
        ]


@contextlib.contextmanager
def single_to_memory(place: Workplace) -> Iterator[list[Work]]:
    """Row 3."""
    ours = "Pontoon"
    yield [
        Work(
            "3",
            f"1 × {_size(place)} PUT, tmpfs",
            {
                ours: lambda: put(place, place.memory, place.pontoon, 1),
                "C sink": lambda: put(place, place.memory, place.sink, 1),
                "nginx WebDAV": lambda: put(place, place.memory, place.nginx, 1),
                TUNED: lambda: put(place, place.memory, place.tuned_nginx, 1),
                STARTED: lambda: put(place, place.memory, place.pontoon_started, 1),
            },
            [
                Line(ours, SPEED),
                Line("C sink", SPEED, at_least(0.90, ours, "C sink", SPEED)),
                Line("nginx WebDAV", SPEED, told(ours, "nginx WebDAV", SPEED)),
                Line(TUNED, SPEED, told(ours, TUNED, SPEED)),
                Line(STARTED, SPEED),
            ],
        )
    ]
