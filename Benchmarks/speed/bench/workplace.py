"""The folders of a run, and the amount of work of each row."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .peers import Constant, Nginx, SeaweedFS, Sink
from .pontoon import OneFile, Pontoon, Started
from .sender import Sender

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30


@dataclass(frozen=True)
class Scale:
    """The amount of work of each row."""

    put: int = GIB
    download: int = 4 * GIB
    ranges: int = 1000
    load_seconds: int = 5
    # Row 6: number of uploads, and parts per upload.
    reports: tuple[int, int] = (64, 500)
    single_commits: int = 5000
    files: int = 10_000
    archived: int = 50_000
    python_files: int = 300
    completed: tuple[int, ...] = (1, 100, 10_000)
    # Row 9: total bytes, and the sizes of the parts, of which 64 are sent concurrently.
    memory: int = 16 * GIB
    memory_parts: tuple[int, ...] = (256 * MIB, 32 * MIB)
    # Row 10: number of files and of open uploads.
    store: tuple[int, int] = (100_000, 10_000)


SMOKE = Scale(
    put=8 * MIB,
    download=16 * MIB,
    ranges=20,
    load_seconds=1,
    reports=(8, 25),
    single_commits=100,
    files=100,
    archived=200,
    python_files=5,
    completed=(1, 10, 100),
    memory=64 * 8 * MIB,
    memory_parts=(8 * MIB, 5 * MIB),
    store=(500, 200),
)


class Workplace:
    """The folders of a run, and the servers that can be started in them."""

    def __init__(self, server: pathlib.Path, tools: pathlib.Path, programs: pathlib.Path, scale: Scale) -> None:
        self.server, self.tools, self.programs, self.scale = server, tools, programs, scale
        self.client = server.with_name("pontoon")
        self.sender = Sender(programs / "sender")

    @contextlib.contextmanager
    def opened(self, on_disk: pathlib.Path) -> Iterator["Workplace"]:
        """Creates the folders, and deletes them with their contents at the end."""
        with contextlib.ExitStack() as stack:
            on_disk.mkdir(parents=True, exist_ok=True)
            self.disk = pathlib.Path(tempfile.mkdtemp(prefix="speed-", dir=on_disk))
            stack.callback(shutil.rmtree, self.disk)
            self.memory = stack.enter_context(_memory(self.disk / "memory"))
            self._touch_memory()
            yield self

    def _touch_memory(self) -> None:
        """Writes more bytes than the rows will, because memory is slow when a virtual machine first uses it."""
        with self.folder(self.memory) as folder, (folder / "touched").open("wb") as file:
            for _ in range(2 * self.scale.download // MIB):
                file.write(bytes(MIB))

    @contextlib.contextmanager
    def folder(self, base: pathlib.Path) -> Iterator[pathlib.Path]:
        """Yields a temporary folder, which is then deleted to free its space."""
        path = pathlib.Path(tempfile.mkdtemp(dir=base))
        try:
            yield path
        finally:
            shutil.rmtree(path)
            if base == self.disk:
                os.sync()

    def lasting_folder(self) -> pathlib.Path:
        """Returns a new folder on the disk that exists until the end of the run.

        When it creates a file, ext4 without a journal skips, one by one, the inodes that were freed in the last minute.
        After the deletion of thousands of files, the next contender would appear slower.
        """
        return pathlib.Path(tempfile.mkdtemp(dir=self.disk))

    def pontoon(self, folder: pathlib.Path, *flags: str) -> Pontoon:
        """Starts Pontoon with the data in a folder."""
        return Pontoon(self.server, folder, *flags)

    def pontoon_one_file(self, folder: pathlib.Path) -> OneFile:
        """Starts Pontoon to receive the parts of one file."""
        return OneFile(self.server, folder)

    def pontoon_started(self, folder: pathlib.Path) -> Started:
        """Starts Pontoon to receive parts of uploads that are started before the measurement."""
        return Started(self.server, folder)

    def sink(self, folder: pathlib.Path, flags: Sequence[str] = ()) -> Sink:
        """Starts the C sink."""
        return Sink(self.programs / "sink", folder, *flags)

    def nginx(self, folder: pathlib.Path) -> Nginx:
        """Starts nginx with its default body buffer."""
        return Nginx(folder)

    def tuned_nginx(self, folder: pathlib.Path) -> Nginx:
        """Starts nginx with a large body buffer."""
        return Nginx(folder, body_buffer="1m")

    def seaweedfs(self, folder: pathlib.Path) -> SeaweedFS:
        """Starts SeaweedFS."""
        return SeaweedFS(self.tools / "weed", folder)

    def constant(self, folder: pathlib.Path) -> Constant:
        """Starts the server that measures the framework alone."""
        return Constant(self.programs / "constant", folder)


@contextlib.contextmanager
def _memory(mount: pathlib.Path) -> Iterator[pathlib.Path]:
    """Yields a folder in memory: a separate tmpfs with a limit if the process may mount one."""
    mount.mkdir()
    if os.geteuid() == 0:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=9g", "tmpfs", mount], capture_output=True)
        if mounted.returncode == 0:
            try:
                yield mount
            finally:
                subprocess.run(["umount", mount], check=True)
            return
    shared = pathlib.Path(tempfile.mkdtemp(prefix="speed-", dir="/dev/shm"))
    try:
        yield shared
    finally:
        shutil.rmtree(shared)


Progress = Callable[[str], None]


def say(line: str) -> None:
    """Prints the progress of the run."""
    print(line, file=sys.stderr, flush=True)
