"""Rows 1 to 3: parts to memory and to the disk."""

import contextlib
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Protocol

from .processes import CORES, run_together
from .sender import Request
from .work import LOAD, SERVER, Line, Sample, Work, at_least, told
from .workplace import GIB, MIB, Workplace

SPEED = "MB/s"
STREAMS = 4


class Receiver(Protocol):
    """A server that parts can be sent to."""

    def __enter__(self) -> object: ...
    def __exit__(self, *_: object) -> None: ...
    def put_requests(self, count: int, size: int) -> list[Request]: ...
    def processor_seconds(self) -> float: ...


Start = Callable[[pathlib.Path], Receiver]


def put(place: Workplace, base: pathlib.Path, start: Start, count: int, in_one_file: bool = False) -> Sample:
    """Starts a server on nothing, and sends it so many parts at the same time."""
    with place.folder(base) as folder, start(folder / "server") as server:
        place.sender.run(server.put_requests(1, MIB), 1)
        requests = (server.slot_requests if in_one_file else server.put_requests)(count, place.scale.put)
        os.sync()
        before = server.processor_seconds()
        sent = place.sender.run(requests, count)
        used = server.processor_seconds() - before
        if sent.sent != count * place.scale.put:
            raise SystemExit(f"bench: {sent.sent} bytes were sent")
        return {SPEED: sent.sent / sent.seconds / 1e6, SERVER: 100 * used / sent.seconds / CORES, LOAD: sent.load}


def _size(place: Workplace) -> str:
    return "1 GiB" if place.scale.put == GIB else f"{place.scale.put // MIB} MiB"


@contextlib.contextmanager
def parallel_to_memory(place: Workplace) -> Iterator[list[Work]]:
    """Row 1."""

    def to(start: Start, in_one_file: bool = False) -> Callable[[], Sample]:
        return lambda: put(place, place.memory, start, STREAMS, in_one_file)

    ours = "Pontoon"
    yield [
        Work(
            "1",
            f"{STREAMS} × {_size(place)} PUT at once, tmpfs",
            {
                ours: to(place.pontoon),
                "C sink": to(place.sink),
                "nginx WebDAV": to(place.nginx),
                "SeaweedFS UploadPart": to(place.seaweedfs),
                "Pontoon, parts of one file": to(place.pontoon, in_one_file=True),
                "Pontoon, `--durability os`": to(lambda folder: place.pontoon(folder, "--durability", "os")),
            },
            [
                Line(ours, SPEED),
                Line("C sink", SPEED, at_least(0.90, ours, "C sink", SPEED)),
                Line("nginx WebDAV", SPEED, at_least(1.3, ours, "nginx WebDAV", SPEED)),
                Line("SeaweedFS UploadPart", SPEED, at_least(6, ours, "SeaweedFS UploadPart", SPEED)),
                Line("Pontoon, parts of one file", SPEED),
                Line("Pontoon, `--durability os`", SPEED),
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
                            "dd", f"if={source}", f"of={folder}/{number}", "bs=1M", "conv=fdatasync",
                            "iflag=skip_bytes,count_bytes", f"skip={number * length}", f"count={length}",
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
                notes=["The baseline of row 2 is as many dd as there are streams; one dd for all bytes is told beside it."],
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
            },
            [
                Line(ours, SPEED),
                Line("C sink", SPEED, at_least(0.90, ours, "C sink", SPEED)),
                Line("nginx WebDAV", SPEED, told(ours, "nginx WebDAV", SPEED)),
            ],
        )
    ]
