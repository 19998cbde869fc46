"""The Markdown table."""

import statistics
from collections.abc import Iterable, Iterator

from .work import LOAD, SERVER, Line, Verdict, Work

HEAD = ["#", "Work", "Who", "Median (least–most)", "Pontoon : it", "Target", "", "Server", "Load"]
ALIGNMENT = ["---:", "---", "---", "---:", "---:", "---:", "---", "---:", "---:"]


def _number(value: float) -> str:
    for limit, digits in ((100, 0), (10, 1)):
        if abs(value) >= limit:
            return f"{value:,.{digits}f}"
    return f"{value:.2f}"


def _spread(values: list[float], unit: str) -> str:
    middle = f"{_number(statistics.median(values))} {unit}"
    return middle if len(values) == 1 else f"{middle} ({_number(min(values))}–{_number(max(values))})"


def _share(work: Work, line: Line, name: str) -> str:
    values = work.series[line.who].get(name)
    return f"{statistics.median(values):.0f} %" if values else ""


def _cells(work: Work, index: int) -> list[str]:
    line = work.lines[index]
    verdict = line.judge(work.series) if line.judge else Verdict("")
    outcome = "" if not verdict.target else "met" if verdict.is_met else "**missed**"
    head = [work.row, work.name] if index == 0 else ["", ""]
    values = work.series[line.who][line.value]
    is_told = any(before.who == line.who for before in work.lines[:index])
    shares = ["" if is_told else _share(work, line, name) for name in (SERVER, LOAD)]
    return [*head, line.who, _spread(values, line.value), verdict.ratio, verdict.target, outcome, *shares]


def table(works: Iterable[Work]) -> Iterator[str]:
    """Returns the lines of the table and of the notes below it."""
    notes: list[str] = []
    yield "| " + " | ".join(HEAD) + " |"
    yield "| " + " | ".join(ALIGNMENT) + " |"
    for work in works:
        for index in range(len(work.lines)):
            yield "| " + " | ".join(_cells(work, index)) + " |"
        notes += [note for note in work.notes if note not in notes]
    yield ""
    yield "Server and Load: share of all processors that the server and the load generator used, in percent."
    yield from notes
