"""Programs that the bench starts: kept by pid, looked at through /proc, ended when done."""

import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Self

CORES = os.cpu_count() or 1
TICKS = os.sysconf("SC_CLK_TCK")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """This process's environment without what changes the tools' behaviour behind our back."""
    mine = {
        key: value
        for key, value in os.environ.items()
        if not key.upper().startswith(("AWS_", "PONTOON_", "SB_", "S3_")) and not key.upper().endswith("_PROXY")
    }
    return mine | dict(extra or {})


def run(arguments: Sequence[str | os.PathLike[str]], extra: Mapping[str, str] | None = None) -> str:
    """Runs a program to its end; gives what it printed, or ends the bench with what it complained."""
    done = subprocess.run(arguments, env=environment(extra), capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-2000:]
        raise SystemExit(f"bench: {pathlib.Path(arguments[0]).name} ended with {done.returncode}: {said}")
    return done.stdout


def run_together(commands: Sequence[Sequence[str | os.PathLike[str]]]) -> float:
    """Runs programs at the same time; gives the seconds until the last has ended."""
    began = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    try:
        for command in commands:
            running.append(subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL))
        codes = [process.wait() for process in running]
    finally:
        for process in running:
            if process.poll() is None:
                process.kill()
                process.wait()
    if any(codes):
        raise SystemExit(f"bench: {commands[0]} ended with {max(codes)}")
    return time.perf_counter() - began


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port."""
    with socket.socket() as it:
        return it.connect_ex(("127.0.0.1", port)) == 0


class Program:
    """A server that runs until the block ends."""

    def __init__(
        self,
        arguments: Sequence[str | os.PathLike[str]],
        log: pathlib.Path,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.name = pathlib.Path(arguments[0]).name
        self.log = log
        # A group of its own: Ctrl-C reaches the bench alone, which then ends its programs in order. Should the bench be
        # killed outright, the kernel ends them, and by force: SeaweedFS may not listen while it starts.
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *arguments],
                env=environment(extra),
                stdout=output,
                stderr=output,
                process_group=0,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, is_ready: Callable[[], bool], seconds: float = 60) -> None:
        """Asks until the server is ready, or ends it when it does not get there."""
        end = time.monotonic() + seconds
        try:
            while not is_ready():
                if self.process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"bench: {self.name} does not get ready: {self.tail()}")
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise

    def tail(self) -> str:
        """The last that the program said."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Ends it politely, or by force when that takes too long."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def processor_seconds(self) -> float:
        """What it and its children have used of the processors so far."""
        return sum(map(_processor_seconds, self._family()))

    def memory(self, field: str) -> float:
        """A field of /proc/PID/status that is given in kB, in MiB; `VmHWM` is the peak."""
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
        raise SystemExit(f"bench: no {field} of {self.name}")

    def traffic(self) -> int:
        """Bytes that it has moved by read and write calls of any kind so far."""
        lines = pathlib.Path(f"/proc/{self.process.pid}/io").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar", "wchar")))

    def _family(self) -> list[int]:
        family = [self.process.pid]
        for pid in family:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                family.extend(map(int, children.read_text().split()))
        return family


def _processor_seconds(pid: int) -> float:
    # The name is in brackets and may hold blanks.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
