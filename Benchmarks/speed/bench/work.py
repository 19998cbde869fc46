"""The measurements of a row of the table, and the targets for their values."""

import math
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

# The result of one measurement: values by name, such as {"MB/s": 2100.0, "load": 8.0}.
Sample = dict[str, float]
# All results of a contender, by the name of the value.
Series = dict[str, list[float]]

# Values that any measurement may have in addition: percent of the machine's processors.
SERVER, LOAD = "server", "load"


@dataclass(frozen=True)
class Verdict:
    """A comparison, and whether it meets its target. Without a target, it is for information only."""

    ratio: str
    target: str = ""
    is_met: bool = True


Judge = Callable[[Mapping[str, Series]], Verdict]


@dataclass(frozen=True)
class Line:
    """A line of the table: a value of a contender, which a judge can compare with values of others."""

    who: str
    value: str
    judge: Judge | None = None


@dataclass
class Work:
    """Contenders that are measured in turn, and their lines in the table."""

    row: str
    name: str
    contenders: Mapping[str, Callable[[], Sample]]
    lines: list[Line]
    notes: list[str] = field(default_factory=list)
    # A limit for rows that move much data in each round.
    most_rounds: int | None = None
    series: dict[str, Series] = field(default_factory=dict)

    def measure(self, rounds: int, progress: Callable[[str], None]) -> None:
        """Measures the contenders in turn, so that other load on the machine affects all of them equally."""
        self.series = {who: {} for who in self.contenders}
        for number in range(1, min(rounds, self.most_rounds or rounds) + 1):
            for who, measure in self.contenders.items():
                sample = measure()
                for name, value in sample.items():
                    self.series[who].setdefault(name, []).append(value)
                shown = ", ".join(f"{name} {value:,.2f}" for name, value in sample.items())
                progress(f"row {self.row}, {self.name}, round {number}, {who}: {shown}")


def median(series: Mapping[str, Series], who: str, value: str) -> float:
    """Returns the median of a value over all rounds."""
    return statistics.median(series[who][value])


def _ratio(series: Mapping[str, Series], ours: str, theirs: str, value: str) -> float:
    # With little data, the measured processor time may be zero.
    return median(series, ours, value) / (median(series, theirs, value) or math.inf)


def at_least(factor: float, ours: str, theirs: str, value: str) -> Judge:
    """Requires that our median is at least `factor` times theirs."""

    def judge(series: Mapping[str, Series]) -> Verdict:
        ratio = _ratio(series, ours, theirs, value)
        return Verdict(f"{ratio:.2f}", f"≥ {factor:g}", ratio >= factor)

    return judge


def at_most(factor: float, ours: str, theirs: str, value: str) -> Judge:
    """Requires that our median is at most `factor` times theirs."""

    def judge(series: Mapping[str, Series]) -> Verdict:
        ratio = _ratio(series, ours, theirs, value)
        return Verdict(f"{ratio:.2f}", f"≤ {factor:g}", ratio <= factor)

    return judge


def told(ours: str, theirs: str, value: str) -> Judge:
    """Shows the ratio of our median to theirs, without a target."""
    return lambda series: Verdict(f"{_ratio(series, ours, theirs, value):.2f}")


def limit(most: float, ours: str, value: str) -> Judge:
    """Requires that our median is at most a fixed value."""
    return lambda series: Verdict("", f"≤ {most:g} {value}", median(series, ours, value) <= most)
