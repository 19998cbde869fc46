"""Uploads to Pontoon in memory, compared with a minimal sender and the official Python client."""

import json
import pathlib
import subprocess
import sys
import time
from collections.abc import Callable

from shared.pontoond import Server

from .measure import Row, Sample, folder, timed
from .place import MIB, Place
from .pontoon import upload

PYTHON_CLIENT = """
import os, sys, sevenbridges
api = sevenbridges.Api(url=os.environ["SB_API_ENDPOINT"], token=os.environ["SB_AUTH_TOKEN"], debug=True)
for path in sys.argv[1:]:
    upload = api.files.upload(path, project="admin/uploads")
    assert str(upload.status) == "COMPLETED", upload.result()
"""
PYTHON = "sevenbridges-python"


def _bare(place: Place, server: Server, size: int, connections: int) -> Sample:
    """The sender of the speed benchmark, which reads no file and computes no checksum."""
    part = size // connections
    began = time.monotonic()
    body = {"project": server.project, "name": "bare", "size": size, "part_size": part}
    started = server.call("POST", "/v2/upload/multipart", body)["upload_id"]
    tasks = "".join(f"{started} {number}\n" for number in range(1, connections + 1))
    command = [place.sender, "parts", str(connections), server.origin, server.token, str(part), "report"]
    calls = time.monotonic() - began
    sent = subprocess.run(command, input=tasks, text=True, check=True, stdout=subprocess.PIPE).stdout
    began = time.monotonic()
    server.call("POST", f"/v2/upload/multipart/{started}/complete", {})
    calls += time.monotonic() - began
    # The sender reports its own time, because it first generates its bytes for several seconds.
    measured = json.loads(sent.splitlines()[-1])
    return Sample(measured["seconds"] + calls, processor=measured["processor"])


def _contender(place: Place, run: Callable[[Server], Sample]) -> Callable[[], Sample]:
    def sample() -> Sample:
        with folder(place.memory) as mine, Server(place.server, mine) as server:
            return run(server)

    return sample


def _ours(place: Place, *arguments: str) -> Callable[[], Sample]:
    return _contender(place, lambda server: upload(place.client, server, place.memory / "state", *arguments))


def _python(place: Place, paths: list[str]) -> Callable[[], Sample]:
    return _contender(place, lambda server: timed([sys.executable, "-c", PYTHON_CLIENT, *paths], server.settings))


def large(place: Place, source: pathlib.Path, size: int) -> Row:
    """One file."""
    return Row(
        f"one file of {size // MIB:,} MiB",
        {
            "bare sender, 4 connections": _contender(place, lambda server: _bare(place, server, size, 4)),
            "pontoon --parallel 4": _ours(place, "--parallel", "4", str(source)),
            "pontoon": _ours(place, str(source)),
            PYTHON: _python(place, [str(source)]),
        },
        size / 1e6,
        "MB/s",
    )


def small(place: Place, source: pathlib.Path, files: int) -> Row:
    """Many files. The Python client is so slow that it uploads only a twentieth of them."""
    few = [str(path) for path in sorted(source.iterdir())[: max(1, files // 20)]]
    return Row(
        f"{files:,} files of 4 KiB ({PYTHON}: {len(few)})",
        {
            "pontoon": _ours(place, str(source)),
            "pontoon --parallel 16": _ours(place, "--parallel", "16", str(source)),
            PYTHON: _python(place, few),
        },
        files,
        "files/s",
        amounts={PYTHON: len(few)},
    )
