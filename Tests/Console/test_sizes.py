"""Files of any size arrive whole and are verified."""

import pytest

from harness.files import MIB, PART, random_file, sha256

# Sizes around the limits between the three ways to send a file: from memory, as one part, and in several parts.
SIZES = [0, 1, 256 << 10, (256 << 10) + 1, PART - 1, PART, PART + 1]


def test_files_of_all_sizes_arrive_whole(engine, server, tmp_path):
    files = [random_file(tmp_path / f"{size} bytes.bin", size, seed=size) for size in SIZES]
    engine.add(*files)
    engine.wait(verified=len(files))
    stored = server.files()
    for file in files:
        assert stored[file.name]["size"] == file.stat().st_size
        assert sha256(server.download(stored[file.name])) == sha256(file.read_bytes()), file.name
    assert server.uploads() == []
    assert engine.call("totals()")["sent"] == sum(SIZES)
    assert engine.page.evaluate("engine.journal.list()") == []


def test_a_large_file_is_sent_in_parts(engine, server, tmp_path):
    file = random_file(tmp_path / "large.bin", 300 * MIB)
    engine.add(file)
    engine.wait(verified=1)
    assert sha256(server.download(server.files()["large.bin"])) == sha256(file.read_bytes())
    assert sorted(number for _, number in engine.started) == list(range(1, 20))


def test_a_file_of_one_part_takes_three_requests(engine, server, page):
    requests = []
    page.on("request", lambda request: requests.append(f"{request.method} {request.url.removeprefix(server.origin)}"))
    engine.add_generated([("small.bin", 1000)])
    engine.wait(verified=1)
    calls = [request.split("?")[0] for request in requests]
    assert [call for call in calls if not call.endswith("/v2/")] == [
        "POST /v2/upload/multipart",
        f"PUT /storage/parts/{engine.started[0][0]}/1",
        f"POST /v2/upload/multipart/{engine.started[0][0]}/complete",
    ]
