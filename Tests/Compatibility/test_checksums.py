"""The server computes the same checksums as AWS's own library, awscrt."""

import base64
import random

import pytest
import requests
from awscrt import checksums
from pytest_check import check

# Sizes around the block sizes of optimized code, then sizes of larger blocks and parts.
LENGTHS = [
    *(0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 63, 64, 127, 128, 255, 256, 257),
    *(511, 1023, 1024, 1025, 3071, 3072, 3073, 4096, 65_535, 65_536),
    *(1_000_003, 1 << 20, 3 << 20),
]

pytestmark = [
    pytest.mark.server("--min-part-size", "1"),
    pytest.mark.parametrize("stores", ["sqlite+disk"], indirect=True),
]


def encoded(checksum, size):
    return base64.b64encode(checksum.to_bytes(size, "big")).decode()


@pytest.mark.parametrize("seed", [1, 0x9E37_79B9_7F4A_7C15])
def test_checksums_of_parts(api, project, seed):
    longest = random.Random(seed).randbytes(max(LENGTHS))
    for length in LENGTHS:
        data = longest[:length]
        crc64, crc32c = checksums.crc64nvme(data), checksums.crc32c(data)
        new = {"project": project, "name": f"{length} bytes", "size": length, "part_size": max(length, 1)}
        upload = api.post("/upload/multipart", data=new).json()["upload_id"]
        url = api.get(f"/upload/multipart/{upload}/part/1").json()["url"]
        for name, right, wrong in (
            ("crc64nvme", encoded(crc64, 8), encoded(crc64 ^ 1, 8)),
            ("crc32c", encoded(crc32c, 4), encoded(crc32c ^ 1, 4)),
        ):
            header = f"x-amz-checksum-{name}"
            refused = requests.put(url, data=data, headers={header: wrong}, timeout=300)
            check.equal(refused.status_code, 400, f"{length} bytes with a wrong {name}")
            stored = requests.put(url, data=data, headers={header: right}, timeout=300)
            check.equal(stored.status_code, 200, f"{length} bytes with their {name}: {stored.text}")
            check.equal(stored.headers.get("ETag", "").strip('"'), f"{crc64:016x}", f"ETag of {length} bytes")
