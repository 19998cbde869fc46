"""See `../run`."""

import argparse
import contextlib
import datetime
import os
import pathlib
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from . import folder, own, s3
from .measure import Row, compare, show
from .place import MIB, Place

ROWS = ("large", "small", "folder", "again", "s3-large", "s3-small")


@dataclass(frozen=True)
class Amounts:
    """Amount of work per row: MiB of the large file, or number of small files."""

    large: int = 4096
    small: int = 10_000
    s3_large: int = 2048
    s3_small: int = 1000
    # Number of files of 16 KiB, and size in MiB of each of four large files.
    folder: tuple[int, int] = (2000, 300)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="Benchmarks/client/run", description="Measures `pontoon upload`.")
    for name in ("server", "client", "sender", "tools"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", default=",".join(ROWS), metavar="ROWS", help="comma-separated rows (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, metavar="MIB", help="length of the large file (4096; 2048 to S3)")
    parser.add_argument("--files", type=int, help="number of small files (10000; 1000 to S3)")
    parser.add_argument("--smoke", action="store_true", help="run once with little data, to see that it works")
    options = parser.parse_args()
    options.only = options.only.split(",")
    if unknown := set(options.only) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}")
    return options


@contextlib.contextmanager
def _row(name: str, place: Place, amounts: Amounts) -> Iterator[Row]:
    """Yields a row whose files exist until the block ends."""
    if name in ("folder", "again"):
        small, size = amounts.folder
        title = f"{small:,} files of 16 KiB and 4 of {size} MiB"
        with place.folder(small, 4, size) as source:
            yield (folder.once if name == "folder" else folder.again)(place, source, title)
        return
    kinds: dict[str, tuple[Callable[[Place, pathlib.Path, int], Row], int]] = {
        "large": (own.large, amounts.large * MIB),
        "small": (own.small, amounts.small),
        "s3-large": (s3.large, amounts.s3_large * MIB),
        "s3-small": (s3.small, amounts.s3_small),
    }
    make, amount = kinds[name]
    with (place.one_file if name.endswith("large") else place.many_files)(amount) as source:
        yield make(place, source, amount)


def main() -> None:
    options = _arguments()
    # Exits normally, so that the files in memory are deleted.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    amounts, rounds = Amounts(), options.rounds
    if options.smoke:
        # The minimal sender sends a quarter of the file in each part, and a part has at least 5 MiB.
        amounts, rounds = Amounts(20, 40, 20, 40, (10, 6)), 1
    if options.size:
        amounts = replace(amounts, large=options.size, s3_large=options.size)
    if options.files:
        amounts = replace(amounts, small=options.files, s3_small=options.files)
    print(f"{datetime.date.today()}, {os.cpu_count()} processors, {platform.machine()}, Linux {platform.release()}")
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.1f}\n", flush=True)
    memory = pathlib.Path(tempfile.mkdtemp(prefix="client-", dir="/dev/shm"))
    place = Place(options.server, options.client, options.sender, options.tools, memory)
    try:
        for name in options.only:
            with _row(name, place, amounts) as row:
                show(row, compare(row, rounds))
    finally:
        shutil.rmtree(memory)


main()
