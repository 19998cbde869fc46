"""With S3 storage, the browser sends the bytes to the bucket."""

import pytest

from harness.engine import Engine
from harness.files import MIB, PART, random_file, sha256
from harness.server import Server
from support.server import eventually
from support.object_store import Bucket
from support.stores import EnginePool


@pytest.fixture(scope="module")
def pool():
    pool = EnginePool()
    yield pool
    pool.close()


@pytest.fixture
def server(pool, tmp_path):
    stores = pool.stores("sqlite+s3")
    bucket = Bucket(stores.objects, stores.keys)
    rule = {
        "AllowedOrigins": ["*"],
        "AllowedMethods": ["GET", "PUT"],
        "AllowedHeaders": ["*"],
        "ExposeHeaders": ["ETag"],
        "MaxAgeSeconds": 3600,
    }
    bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [rule]})
    server = Server(tmp_path, stores)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def test_files_of_all_sizes_arrive_whole(engine, server, tmp_path):
    files = [random_file(tmp_path / f"{size}.bin", size, seed=size) for size in [0, 1, MIB, PART + 1]]
    engine.add(*files)
    engine.wait(verified=len(files))
    stored = server.files()
    for file in files:
        assert sha256(server.download(stored[file.name])) == sha256(file.read_bytes()), file.name


def test_a_reload_resumes(server, page, tmp_path):
    file = random_file(tmp_path / "large.bin", 5 * PART)
    engine = Engine(page, server).open(parallel=2)
    started = []
    page.on("request", lambda request: started.append(request.url) if request.method == "PUT" else None)
    engine.limit_rate(8 * MIB)
    engine.add(file)
    eventually(lambda: page.evaluate("0") or server.reported_parts() > 0, "reported")
    engine.limit_rate(100_000)
    page.reload()
    before = len(started)
    engine.start()
    reported = server.uploads()[0]["uploaded_parts_count"]
    engine.limit_rate(0)
    engine.add(file)
    engine.wait(verified=1)
    # Their ETags are MD5s, so the local bytes are compared with the checksums in the journal.
    assert len(started) - before <= 5 - reported
    assert sha256(server.download(server.files()["large.bin"])) == sha256(file.read_bytes())
