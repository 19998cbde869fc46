"""Files for tests."""

import hashlib
import pathlib
import random

MIB = 1 << 20
# The engine's part size for files of up to 4 GiB.
PART = 16 * MIB


def random_file(path: pathlib.Path, size: int, seed: int = 1) -> pathlib.Path:
    """Writes a file whose bytes do not repeat."""
    source = random.Random(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(source.randbytes(min(MIB, size - at)))
    return path


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
