"""Uploads of a folder to Pontoon and, by other uploaders, to SeaweedFS, and then of the same folder again."""

import pathlib
import sys
from collections.abc import Callable

from bench.peers import BUCKET, SeaweedFS
from shared.pontoond import Server

from .measure import Row, Sample, folder, timed
from .own import PYTHON, PYTHON_CLIENT
from .place import Place
from .pontoon import upload
from .s3 import AWS, RCLONE, S5CMD, Program, in_bucket

OURS = "pontoon"


def _pontoon(place: Place, run: Callable[[Server], Sample]) -> Callable[[], Sample]:
    def sample() -> Sample:
        with folder(place.memory) as mine, Server(place.server, mine) as server:
            return run(server)

    return sample


def _other(
    place: Place, files: list[pathlib.Path], copy: Program, again: Callable[[SeaweedFS], Sample] | None = None
) -> Callable[[], Sample]:
    """Measures a copy to a new store or, if `again` is set, what it does after the copy."""
    expected = len(files), sum(path.stat().st_size for path in files)

    def sample() -> Sample:
        with folder(place.memory) as mine, SeaweedFS(place.tools / "weed", mine / "store") as store:
            store.client.put_object(Bucket=BUCKET, Key="warm", Body=b"warm")
            first = copy.run(place, store)
            if in_bucket(store) != expected:
                sys.exit(f"client: the bucket has {in_bucket(store)} objects and bytes, not {expected}")
            return again(store) if again else first

    return sample


def once(place: Place, source: pathlib.Path, title: str) -> Row:
    """The first upload of the folder."""
    files = sorted(path for path in source.iterdir())
    paths = [str(path) for path in files]
    python = [sys.executable, "-c", PYTHON_CLIENT, *paths]
    destination = f"s3://{BUCKET}/"
    others = {
        "s5cmd cp": Program(S5CMD, "cp", f"{source}/", destination),
        "aws s3 cp --recursive": Program(AWS, "cp", "--recursive", str(source), destination),
        "rclone copy": Program(RCLONE, "copy", str(source), f"weed:{BUCKET}"),
        "rclone copy --transfers 32": Program(RCLONE, "copy", str(source), f"weed:{BUCKET}", "--transfers", "32"),
    }
    return Row(
        title,
        {
            OURS: _pontoon(place, lambda server: upload(place.client, server, place.memory / "state", f"{source}/")),
            **{name: _other(place, files, program) for name, program in others.items()},
            PYTHON: _pontoon(place, lambda server: timed(python, server.settings)),
        },
        sum(path.stat().st_size for path in files) / 1e6,
        "MB/s",
        ours=OURS,
    )


def again(place: Place, source: pathlib.Path, title: str) -> Row:
    """The same folder again, without the state of the first run.

    `pontoon` reads the files and compares their checksums. `rclone check --size-only` reads none of them, so one read
    of all files is added to its time.
    """
    files = sorted(path for path in source.iterdir())
    copy = Program(RCLONE, "copy", str(source), f"weed:{BUCKET}", "--transfers", "32")
    check = Program(RCLONE, "check", "--size-only", "--one-way", str(source), f"weed:{BUCKET}")

    def ours(server: Server) -> Sample:
        upload(place.client, server, place.memory / "state", f"{source}/")
        return upload(place.client, server, place.memory / "state", f"{source}/")

    def rclone(store: SeaweedFS) -> Sample:
        checked = check.run(place, store)
        read = timed(["sh", "-c", 'cat "$1"/* >/dev/null', "sh", source], {})
        return Sample(checked.seconds + read.seconds, checked.peak, checked.processor + read.processor)

    return Row(
        f"{title}, again",
        {OURS: _pontoon(place, ours), "rclone check --size-only, and cat": _other(place, files, copy, rclone)},
        sum(path.stat().st_size for path in files) / 1e6,
        "MB/s",
        ours=OURS,
    )
