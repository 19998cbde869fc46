"""Files of any size arrive whole and are verified."""

import hashlib

import pytest

PART = 16 << 20


def random_file(path, size, seed=1):
    """Writes a file whose bytes do not repeat."""
    import random

    source = random.Random(seed)
    with path.open("wb") as file:
        for at in range(0, size, 1 << 20):
            file.write(source.randbytes(min(1 << 20, size - at)))
    return path


@pytest.mark.parametrize("size", [0, 1, 256 << 10, (256 << 10) + 1, PART - 1, PART, PART + 1])
def test_a_file_arrives_whole(engine, server, tmp_path, size):
    file = random_file(tmp_path / "a file.bin", size)
    engine.add(file)
    engine.wait(verified=1)
    stored = server.files()["a file.bin"]
    assert stored["size"] == size
    assert hashlib.sha256(server.download(stored)).digest() == hashlib.sha256(file.read_bytes()).digest()
    assert server.uploads() == []
