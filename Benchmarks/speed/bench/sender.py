"""The load generator, `../c/sender.c`."""

import json
import pathlib
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from shared.processes import CORES, environment


@dataclass(frozen=True)
class Request:
    """One request. The body is '-' for none, 'random:BYTES' or 'text:TEXT'."""

    method: str
    url: str
    body: str = "-"
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sent:
    """The result of a run of the sender."""

    seconds: float
    sent: int
    received: int
    processor: float
    tasks: list[float]
    lines: list[str] = field(default_factory=list)

    @property
    def load(self) -> float:
        """Share of the machine's processors that the sender itself used, in percent."""
        return 100 * self.processor / (self.seconds * CORES)


# A measurement that is ready to run. Its preparation is done and is not timed.
Ready = Callable[[], Sent]


class Sender:
    """Runs the sender, in a new process for each measurement."""

    def __init__(self, binary: pathlib.Path) -> None:
        self.binary = binary

    def run(self, requests: Iterable[Request], connections: int) -> Sent:
        """Sends each request once, over `connections` connections."""
        lines = ["\t".join((it.method, it.url, it.body, *it.headers)) for it in requests]
        return self._start(["run", connections], lines)

    def parts(
        self, origin: str, token: str, size: int, parts: Iterable[tuple[str, int]], until: str, connections: int
    ) -> Sent:
        """Requests the URL of each part, sends the part, and reports it unless `until` is `put`.

        Each line of the result contains an upload id, a part number and the ETag of the part.
        """
        lines = [f"{upload} {number}" for upload, number in parts]
        return self._start(["parts", connections, origin, token, size, until], lines)

    def files(
        self, origin: str, token: str, size: int, names: Sequence[str], until: str, project: str, connections: int
    ) -> Sent:
        """Uploads files of one part each, up to complete, or only up to the `PUT` if `until` is `put`."""
        return self._start(["files", connections, origin, token, size, until, project], names)

    def _start(self, arguments: Sequence[object], lines: Sequence[str]) -> Sent:
        done = subprocess.run(
            [self.binary, *map(str, arguments)],
            input="\n".join(lines) + "\n",
            env=environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit("bench: the sender failed")
        *printed, result = done.stdout.splitlines()
        return Sent(**json.loads(result), lines=printed)
