"""Rows 7, 8, 12 and clients: small files, complete with many parts, archives, and well-known uploaders."""

import contextlib
import functools
import io
import json
import os
import pathlib
import resource
import sys
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping

from shared.processes import CORES, run

from .peers import BUCKET, KEY, SECRET
from .pontoon import Pontoon
from .sender import Request, Sent
from .work import LOAD, SERVER, Line, Sample, Series, Verdict, Work, at_least, limit, median, told
from .workplace import KIB, MIB, Workplace

RATE, COST, PEAK = "files/s", "µs of processor per file", "MiB of memory"
SIZE = 4 * KIB
AT_ONCE = 32
LOOP_THREADS = 4
S3_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY,
    "AWS_SECRET_ACCESS_KEY": SECRET,
    "AWS_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}
PYTHON_CLIENT = pathlib.Path(__file__).with_name("python_client.py")


def _python_client(server: Pontoon, folder: pathlib.Path, names: list[str]) -> float:
    """Uploads files with the official Python client. Returns the seconds without the startup of Python."""
    said = run(
        [sys.executable, PYTHON_CLIENT, server.endpoint, server.token, server.project, str(AT_ONCE), folder, *names]
    )
    return float(said)


@contextlib.contextmanager
def small_files(place: Workplace) -> Iterator[list[Work]]:
    """Row 7."""

    names = [f"small-{number}" for number in range(place.scale.files)]

    def in_steps(server: Pontoon) -> Sent:
        return place.sender.files(server.origin, server.token, SIZE, names, "complete", server.project, AT_ONCE)

    def in_one_call(server: Pontoon) -> Sent:
        put = f"{server.origin}/v2/files/content?project={server.project}&name="
        header = f"X-SBG-Auth-Token: {server.token}"
        return place.sender.run([Request("PUT", put + name, f"random:{SIZE}", (header,)) for name in names], AT_ONCE)

    def by_sender(send: Callable[[Pontoon], Sent]) -> Sample:
        with place.pontoon(place.lasting_folder()) as server:
            before = server.processor_seconds()
            sent = send(server)
            used = server.processor_seconds() - before
            total = server.call("GET", f"/v2/files?project={server.project}&limit=1&offset={len(names) - 1}")
            if len(total["items"]) != 1:
                raise SystemExit("bench: not all files were stored")
            return {
                RATE: len(names) / sent.seconds,
                COST: 1e6 * used / len(names),
                SERVER: 100 * used / sent.seconds / CORES,
                LOAD: sent.load,
            }

    def by_our_client(source: pathlib.Path) -> Sample:
        with place.pontoon(place.lasting_folder()) as server, place.folder(place.memory) as state:
            settings = {"SB_API_ENDPOINT": server.endpoint, "SB_AUTH_TOKEN": server.token, "XDG_STATE_HOME": str(state)}
            before, children = server.processor_seconds(), resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            run([place.client, "upload", "--project", server.project, "--quiet", f"{source}/"], settings)
            seconds = time.perf_counter() - began
            used, after = server.processor_seconds() - before, resource.getrusage(resource.RUSAGE_CHILDREN)
            client = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
            return {
                RATE: len(names) / seconds,
                COST: 1e6 * (used + client) / len(names),
                SERVER: 100 * used / seconds / CORES,
                LOAD: 100 * client / seconds / CORES,
            }

    def by_s5cmd(source: pathlib.Path) -> Sample:
        with place.seaweedfs(place.lasting_folder() / "server") as server:
            before = server.processor_seconds()
            began = time.perf_counter()
            command = [place.tools / "s5cmd", "--endpoint-url", server.endpoint, "cp", f"{source}/", f"s3://{BUCKET}/"]
            run(command, S3_ENVIRONMENT)
            seconds = time.perf_counter() - began
            used = server.processor_seconds() - before
            return {RATE: len(names) / seconds, SERVER: 100 * used / seconds / CORES}

    def by_loop() -> Sample:
        numbers = map(str, (len(names), SIZE, LOOP_THREADS))
        said = json.loads(run([place.programs / "files", place.lasting_folder(), *numbers]))
        return {RATE: len(names) / said["seconds"], COST: 1e6 * said["processor"] / len(names)}

    def by_python() -> Sample:
        some = names[: place.scale.python_files]
        folder = place.lasting_folder()
        with place.pontoon(folder) as server:
            for name in some:
                (folder / name).write_bytes(os.urandom(SIZE))
            before = server.processor_seconds()
            seconds = _python_client(server, folder, some)
            used = server.processor_seconds() - before
            return {RATE: len(some) / seconds, SERVER: 100 * used / seconds / CORES}

    name, python = "Pontoon, by the sender", f"Pontoon, by the Python client ({place.scale.python_files} files)"
    one, loop = "Pontoon, in one call", f"C: create, write, fdatasync, rename, {LOOP_THREADS} threads"
    client, s5cmd = "`pontoon upload`", "s5cmd to SeaweedFS, not synced"
    with place.folder(place.memory) as source:
        for file in names:
            (source / file).write_bytes(os.urandom(SIZE))
        yield [
            Work(
                "7",
                f"{place.scale.files:,} files of 4 KiB, {AT_ONCE} at once, disk, durable",
                {
                    name: functools.partial(by_sender, in_steps),
                    one: functools.partial(by_sender, in_one_call),
                    client: functools.partial(by_our_client, source),
                    loop: by_loop,
                    s5cmd: functools.partial(by_s5cmd, source),
                    python: by_python,
                },
                [
                    Line(name, RATE),
                    Line(name, COST),
                    Line(one, RATE, at_least(3, one, name, RATE)),
                    Line(one, COST),
                    Line(loop, RATE, at_least(0.4, one, loop, RATE)),
                    Line(loop, COST),
                    Line(client, RATE),
                    Line(client, COST),
                    Line(loop, RATE, at_least(0.5, client, loop, RATE)),
                    Line(s5cmd, RATE, at_least(2, client, s5cmd, RATE)),
                    Line(python, RATE, at_least(20, client, python, RATE)),
                ],
                notes=["Row 7: the processor time of `pontoon upload` is that of client and server."],
            )
        ]


@contextlib.contextmanager
def archives(place: Workplace) -> Iterator[list[Work]]:
    """Row 12."""
    count, size, folders = place.scale.archived, 16 * KIB, 50
    with place.folder(place.memory) as source:
        archive = source / "run.tar"
        with tarfile.open(archive, "w") as file:
            for number in range(count):
                entry = tarfile.TarInfo(f"run/{number % folders}/{number}")
                entry.size = size
                file.addfile(entry, io.BytesIO(os.urandom(size)))

        def by_tar() -> Sample:
            folder = place.lasting_folder()
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            began = time.perf_counter()
            run(["tar", "-x", "-f", archive, "-C", folder])
            run(["sync", "--file-system", folder])
            seconds = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            return {RATE: count / seconds, COST: 1e6 * used / count}

        def by_curl() -> Sample:
            with place.pontoon(place.lasting_folder()) as server:
                before = server.processor_seconds()
                began = time.perf_counter()
                url = f"{server.endpoint}/upload/archive?project={server.project}"
                options = ["--fail", "--silent", "--request", "POST", "--header", server.token_header]
                lines = run(["curl", *options, "--upload-file", archive, url])
                seconds = time.perf_counter() - began
                used = server.processor_seconds() - before
                if json.loads(lines.splitlines()[-1])["summary"]["files"] != count:
                    raise SystemExit("bench: not all files were stored")
                return {
                    RATE: count / seconds,
                    COST: 1e6 * used / count,
                    PEAK: server.memory("VmHWM"),
                    SERVER: 100 * used / seconds / CORES,
                }

        def in_steps() -> Sample:
            names = [f"stepwise-{number}" for number in range(count // 10)]
            with place.pontoon(place.lasting_folder()) as server:
                sent = place.sender.files(server.origin, server.token, size, names, "complete", server.project, AT_ONCE)
                return {RATE: len(names) / sent.seconds}

        ours, steps, tar = "Pontoon, curl", "Pontoon, from init to complete, by the sender", "tar -x, sync"
        yield [
            Work(
                "12",
                f"an archive of {count:,} files of 16 KiB in {folders} folders, disk, durable",
                {ours: by_curl, tar: by_tar, steps: in_steps},
                [
                    Line(ours, RATE),
                    Line(ours, COST),
                    Line(ours, PEAK),
                    Line(tar, RATE, at_least(0.5, ours, tar, RATE)),
                    Line(tar, COST),
                    Line(steps, RATE, at_least(5, ours, steps, RATE)),
                ],
                most_rounds=3,
            )
        ]


@contextlib.contextmanager
def completions(place: Workplace) -> Iterator[list[Work]]:
    """Row 8."""
    counts = place.scale.completed
    most = counts[-1]
    taken, moved = "ms", "MiB read and written"

    def complete(server: Pontoon, count: int) -> Sample:
        upload = server.start(f"complete-{count}-{time.monotonic_ns()}", count * SIZE, SIZE)
        server.send(place.sender, upload, count, SIZE, "report", 64)
        os.sync()
        traffic = server.traffic()
        began = time.perf_counter()
        server.complete(upload)
        seconds = time.perf_counter() - began
        return {taken: seconds * 1000, moved: (server.traffic() - traffic) / MIB}

    def names(count: int) -> str:
        return "Pontoon, 1 part" if count == 1 else f"Pontoon, {count:,} parts"

    def is_flat(series: Mapping[str, Series]) -> Verdict:
        one, many = (median(series, names(count), taken) for count in (counts[0], most))
        return Verdict(f"{many / one:.2f}", f"≤ 3 × {one:.1f} + 20 ms", many <= 3 * one + 20)

    with place.folder(place.disk) as folder, place.pontoon(folder, "--min-part-size", "1") as server:
        yield [
            Work(
                "8",
                "Complete of parts of 4 KiB, disk, durable",
                {names(count): functools.partial(complete, server, count) for count in counts},
                [
                    *(Line(names(count), taken, is_flat if count == most else None) for count in counts),
                    Line(names(most), moved, limit(max(4, round(most * SIZE / MIB / 2)), names(most), moved)),
                ],
                notes=[
                    f"Row 8: to copy a file of {most:,} parts is to read and write {2 * most * SIZE / MIB:.1f} MiB."
                ],
            )
        ]


@contextlib.contextmanager
def uploaders(place: Workplace) -> Iterator[list[Work]]:
    """Well-known clients with their own servers, for information."""
    size = place.scale.put
    with place.folder(place.memory) as source_folder:
        source = source_folder / "source"
        with source.open("wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))

        def speed(seconds: float) -> Sample:
            return {"MB/s": size / seconds / 1e6}

        def by_sender() -> Sample:
            part = min(32 * MIB, size)
            with place.folder(place.memory) as folder, place.pontoon(folder) as server:
                began = time.perf_counter()
                upload = server.start("file", size, part)
                sent = server.send(place.sender, upload, size // part, part, "report", 4)
                server.complete(upload)
                return speed(time.perf_counter() - began) | {LOAD: sent.load}

        def by_python() -> Sample:
            with place.folder(place.memory) as folder, place.pontoon(folder) as server:
                return speed(_python_client(server, source_folder, [source.name]))

        def to_seaweedfs(*command: str) -> Sample:
            with place.folder(place.memory) as folder, place.seaweedfs(folder / "server") as server:
                target = f"s3://{BUCKET}/file"
                began = time.perf_counter()
                run(
                    [place.tools / command[0], "--endpoint-url", server.endpoint, *command[1:], source, target],
                    S3_ENVIRONMENT,
                )
                return speed(time.perf_counter() - began)

        name = "sender to Pontoon, 4 connections"
        others = {
            "official Python client to Pontoon": by_python,
            "s5cmd to SeaweedFS": lambda: to_seaweedfs("s5cmd", "cp"),
            "aws s3 cp to SeaweedFS": lambda: to_seaweedfs("aws", "s3", "cp"),
        }
        yield [
            Work(
                "clients",
                f"one file of {size // MIB:,} MiB from init to complete, tmpfs",
                {name: by_sender} | others,
                [Line(name, "MB/s"), *(Line(who, "MB/s", told(name, who, "MB/s")) for who in others)],
                notes=["clients: for information; s5cmd and aws with their start."],
            )
        ]
