"""Measurements of contenders that take turns, and the table of their results."""

import contextlib
import os
import pathlib
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.processes import run


@dataclass(frozen=True)
class Sample:
    """One measurement."""

    seconds: float
    # Peak resident memory in MiB; 0 if unknown.
    peak: int = 0
    # Processor seconds of the program, without those of the servers.
    processor: float = 0


@dataclass(frozen=True)
class Row:
    """Contenders with the same work, by name. Each starts its own servers and removes their data."""

    title: str
    contenders: Mapping[str, Callable[[], Sample]]
    # Number of bytes or files, and the unit of the rate.
    amount: float
    rate: str
    # The contender that is compared with the others; empty for no comparison.
    ours: str = ""
    # Contenders with less work than the others.
    amounts: Mapping[str, float] | None = None

    def of(self, name: str) -> float:
        """Returns the amount of work of a contender."""
        return (self.amounts or {}).get(name, self.amount)


def timed(command: Sequence[str | os.PathLike[str]], extra: Mapping[str, str]) -> Sample:
    """Runs a program and returns its measurement. Exits if the program fails."""
    printed = run([sys.executable, "-I", "-S", pathlib.Path(__file__).with_name("timed.py"), *command], extra)
    seconds, peak, processor = printed.split()
    return Sample(float(seconds), int(peak) >> 10, float(processor))


@contextlib.contextmanager
def folder(base: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a temporary folder, which is then deleted to free its memory."""
    path = pathlib.Path(tempfile.mkdtemp(dir=base))
    try:
        yield path
    finally:
        shutil.rmtree(path)


def compare(row: Row, rounds: int) -> dict[str, list[Sample]]:
    """Measures the contenders in turn, A B C A B C …."""
    samples: dict[str, list[Sample]] = {name: [] for name in row.contenders}
    for _ in range(rounds):
        for name, measure in row.contenders.items():
            samples[name].append(measure())
            print(f"{row.title}: {name}: {samples[name][-1].seconds:.2f} s", file=sys.stderr, flush=True)
    return samples


def show(row: Row, samples: Mapping[str, Sequence[Sample]]) -> None:
    """Prints a Markdown table."""
    medians = {name: statistics.median(sample.seconds for sample in them) for name, them in samples.items()}
    head = f"| {row.title} | median s | least–most | {row.rate} | processor s | peak MiB |"
    rule = "| --- | ---: | ---: | ---: | ---: | ---: |"
    print(head + (f" {row.ours} is |" if row.ours else ""))
    print(rule + (" ---: |" if row.ours else ""))
    for name, them in samples.items():
        seconds = [sample.seconds for sample in them]
        rate = row.of(name) / medians[name]
        line = f"| {name} | {medians[name]:.2f} | {min(seconds):.2f}–{max(seconds):.2f} | {rate:,.0f} "
        line += f"| {statistics.median(sample.processor for sample in them):.2f} "
        line += f"| {max(sample.peak for sample in them) or ''} |"
        if row.ours:
            ours = row.of(row.ours) / medians[row.ours]
            line += " |" if name == row.ours else f" {ours / rate:.2f} times as fast |"
        print(line)
    print(flush=True)
