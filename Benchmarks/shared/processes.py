"""Programs that a benchmark starts, observed through /proc and stopped at the end."""

import os
import pathlib
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

CORES = os.cpu_count() or 1
TICKS = os.sysconf("SC_CLK_TCK")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns this process's environment without variables that would affect the programs, plus `extra`."""
    mine = {
        key: value
        for key, value in os.environ.items()
        if not key.upper().startswith(("AWS_", "PONTOON_", "SB_", "S3_")) and not key.upper().endswith("_PROXY")
    }
    return mine | dict(extra or {})


def run(arguments: Sequence[str | os.PathLike[str]], extra: Mapping[str, str] | None = None) -> str:
    """Runs a program and returns its output. If the program fails, exits with its output."""
    done = subprocess.run(arguments, env=environment(extra), capture_output=True, text=True)
    if done.returncode != 0:
        printed = (done.stdout + done.stderr)[-2000:]
        raise SystemExit(f"bench: {pathlib.Path(arguments[0]).name} exited with {done.returncode}: {printed}")
    return done.stdout


def run_together(commands: Sequence[Sequence[str | os.PathLike[str]]]) -> float:
    """Runs programs concurrently. Returns the seconds until the last one has exited."""
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
        raise SystemExit(f"bench: {commands[0]} exited with {max(codes)}")
    return time.perf_counter() - began


def free_port() -> int:
    """Returns a port on which nothing is listening. Another process may take it at any time."""
    with socket.socket() as it:
        it.bind(("127.0.0.1", 0))
        return int(it.getsockname()[1])


def listens(port: int) -> bool:
    """Returns whether a process accepts connections at a port."""
    with socket.socket() as it:
        return it.connect_ex(("127.0.0.1", port)) == 0


class Observed:
    """Reads the resource usage of a process and its children. `pid` is the id of the process."""

    pid: int
    name: str

    def processor_seconds(self) -> float:
        """Returns the processor seconds that the process and its children have used so far."""
        return sum(map(_processor_seconds, self._family()))

    def memory(self, field: str) -> float:
        """Returns a field of /proc/PID/status in MiB. `VmHWM` is the peak of the resident memory."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) / 1024
        raise SystemExit(f"bench: /proc/{self.pid}/status of {self.name} has no {field}")

    def traffic(self) -> int:
        """Returns the bytes that the process has read and written so far with any system calls."""
        lines = pathlib.Path(f"/proc/{self.pid}/io").read_text().splitlines()
        return sum(int(line.split()[1]) for line in lines if line.startswith(("rchar", "wchar")))

    def _family(self) -> list[int]:
        family = [self.pid]
        for pid in family:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                family.extend(map(int, children.read_text().split()))
        return family


class Program(Observed):
    """A server that runs until the block ends."""

    def __init__(
        self,
        arguments: Sequence[str | os.PathLike[str]],
        log: pathlib.Path,
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.name = pathlib.Path(arguments[0]).name
        self.log = log
        # The program has a separate process group, so that Ctrl-C reaches only the benchmark, which then stops its
        # programs in order. If the benchmark is killed, the kernel kills them.
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *arguments],
                env=environment(extra),
                stdout=output,
                stderr=output,
                process_group=0,
            )
        self.pid = self.process.pid

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait(self, is_ready: Callable[[], bool], seconds: float = 300) -> None:
        """Polls until the program is ready. Stops it and exits if it is not ready in time."""
        end = time.monotonic() + seconds
        try:
            while not is_ready():
                if self.process.poll() is not None or time.monotonic() > end:
                    raise SystemExit(f"bench: {self.name} is not ready: {self.tail()}")
                time.sleep(0.01)
        except BaseException:
            self.stop()
            raise

    def tail(self) -> str:
        """Returns the last 2000 characters of the program's log."""
        return self.log.read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Stops the program with SIGTERM, or with SIGKILL if it does not exit within a minute."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _processor_seconds(pid: int) -> float:
    # The name is in parentheses and may contain spaces.
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
