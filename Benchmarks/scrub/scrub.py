"""Measures `pontoond scrub` and `cat` in turns; see `run`."""

import argparse
import os
import pathlib
import resource
import sqlite3
import statistics
import subprocess
import tempfile
import time

from shared.pontoond import Server

# Share of the total bytes and length of small, medium and large objects.
KINDS = [(0.25, 1 << 20), (0.5, 34 << 20), (0.25, 1 << 30)]


def fill(data: pathlib.Path, total: int) -> list[pathlib.Path]:
    """Adds objects with random bytes to a store whose server is stopped. The first scrub records their checksums."""
    noise = os.urandom(16 << 20)
    files, rows = [], []
    for share, length in KINDS:
        count = max(1, round(total * share / length))
        for _ in range(count):
            length = min(length, max(1, total // 4))
            key = os.urandom(16).hex()
            path = data / "objects" / "files" / key[-2:] / key
            path.parent.mkdir(mode=0o700, exist_ok=True)
            with path.open("wb") as file:
                for start in range(0, length, len(noise)):
                    file.write(noise[: min(len(noise), length - start)])
                file.flush()
                os.fsync(file.fileno())
            files.append(path)
            rows.append((key, length))
    with sqlite3.connect(data / "pontoon.sqlite") as database:
        database.executemany("INSERT INTO objects (key, size, created_on) VALUES (?, ?, 0)", rows)
    return files


def forget(files: list[pathlib.Path]) -> None:
    """Evicts the files from the page cache."""
    for path in files:
        descriptor = os.open(path, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def measure(command: list[str], files: list[pathlib.Path]) -> tuple[float, float]:
    """Returns wall time and processor time in seconds of a command that reads the files from the disk."""
    forget(files)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gib", type=float, default=8)
    parser.add_argument("--disk")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.gib = 1, 0.08
    with tempfile.TemporaryDirectory(dir=options.disk) as folder:
        with Server(options.server, pathlib.Path(folder)) as server:
            data = server.data
        files = fill(data, int(options.gib * (1 << 30)))
        total = sum(path.stat().st_size for path in files)
        scrub = [options.server, "scrub", "--data", str(data)]
        cat = ["sh", "-c", f"find {data}/objects/files -type f -print0 | xargs -0 cat"]
        subprocess.run(scrub, check=True, stdout=subprocess.DEVNULL)
        results: dict[str, list[tuple[float, float]]] = {"cat": [], "pontoond scrub": []}
        for _ in range(options.rounds):
            results["cat"].append(measure(cat, files))
            results["pontoond scrub"].append(measure(scrub, files))
    print(f"{len(files)} objects, {total / (1 << 30):.2f} GiB, {options.rounds} rounds\n")
    print("| Program | MiB/s, median (min–max) | Processor s | Speed relative to cat, median |")
    print("| --- | --- | --- | --- |")
    base = results["cat"]
    for name, rounds in results.items():
        rates = sorted(total / (1 << 20) / wall for wall, _ in rounds)
        ratio = statistics.median(cat[0] / own[0] for cat, own in zip(base, rounds, strict=True))
        processor = statistics.median(seconds for _, seconds in rounds)
        print(f"| {name} | {statistics.median(rates):.0f} ({rates[0]:.0f}–{rates[-1]:.0f}) | {processor:.1f} | {ratio:.2f} |")


main()
