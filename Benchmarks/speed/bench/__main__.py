"""Runs the selected rows; see `../run`."""

import argparse
import contextlib
import pathlib
import signal
import sys

from . import bytes_in, bytes_out, calls, files, server
from .machine import description
from .table import table
from .work import Work
from .workplace import SMOKE, Scale, Workplace, say

ROWS = {
    "1": bytes_in.parallel_to_memory,
    "2": bytes_in.parallel_to_disk,
    "3": bytes_in.single,
    "4": bytes_out.downloads,
    "5": calls.part_info,
    "6": calls.reports,
    "7": files.small_files,
    "8": files.completions,
    "9": server.memory,
    "10": server.start,
    "11": bytes_in.beside_reader,
    "12": files.archives,
    "clients": files.uploaders,
}


def _rows(text: str) -> list[str]:
    asked = text.split(",")
    unknown = [row for row in asked if row not in ROWS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown row {', '.join(unknown)}; choose from {', '.join(ROWS)}")
    return asked


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="Benchmarks/speed/run")
    parser.add_argument("--only", type=_rows, default=list(ROWS), metavar="ROW,…", help="only these rows")
    parser.add_argument("--rounds", type=int, help="measurements per contender (5)")
    parser.add_argument("--smoke", action="store_true", help="run once with little data, to see that it works")
    parser.add_argument("--output", type=pathlib.Path, help="file for the table")
    parser.add_argument("--disk", type=pathlib.Path, help="folder on the disk to measure")
    for name in ("server", "tools", "programs"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--command", required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    # After a signal, the benchmark must still stop the programs that it has started.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit("bench: interrupted"))
    place = Workplace(arguments.server, arguments.tools, arguments.programs, SMOKE if arguments.smoke else Scale())
    rounds = arguments.rounds or (1 if arguments.smoke else 5)
    done: list[Work] = []
    with place.opened(arguments.disk):
        head = description(place, arguments.command)
        for row in arguments.only:
            with contextlib.ExitStack() as stack:
                for work in stack.enter_context(ROWS[row](place)):
                    work.measure(rounds, say)
                    done.append(work)
    text = f"{head}\n\n" + "\n".join(table(done)) + "\n"
    print(text)
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text)


main()
