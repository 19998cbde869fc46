"""The programs and folders of a run."""

import os
import pathlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Place:
    """The programs of a run, and a folder in memory."""

    server: pathlib.Path
    client: pathlib.Path
    sender: pathlib.Path
    # Folder with the programs of the other uploaders and of SeaweedFS.
    tools: pathlib.Path
    memory: pathlib.Path

    @contextmanager
    def one_file(self, size: int) -> Iterator[pathlib.Path]:
        """Yields a file of random, incompressible bytes. The size must be a multiple of a MiB."""
        path = self.memory / "large"
        with path.open("wb") as file:
            for _ in range(size // MIB):
                file.write(os.urandom(MIB))
        try:
            yield path
        finally:
            path.unlink()

    @contextmanager
    def folder(self, small: int, large: int, size: int) -> Iterator[pathlib.Path]:
        """Yields a folder with `small` files of 16 KiB and `large` files of `size` MiB."""
        path = self.memory / "folder"
        path.mkdir()
        try:
            for number in range(small):
                (path / f"s{number:05}").write_bytes(os.urandom(16 << 10))
            for number in range(large):
                with (path / f"l{number}").open("wb") as file:
                    for _ in range(size):
                        file.write(os.urandom(MIB))
            yield path
        finally:
            shutil.rmtree(path)

    @contextmanager
    def many_files(self, count: int, size: int = 4096) -> Iterator[pathlib.Path]:
        """Yields a folder with files of random bytes."""
        path = self.memory / "small"
        path.mkdir()
        for number in range(count):
            (path / f"f{number:05}").write_bytes(os.urandom(size))
        try:
            yield path
        finally:
            shutil.rmtree(path)
