"""Files of any length, uploaded and downloaded in every way that the client offers."""

import pytest
from pytest_check import check

from support.client import download, sha256, upload, write_random

PART = 5 << 20
# Around multiples of the part size, where off-by-one errors are likely.
LENGTHS = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 1, 5 * PART + 3]


@pytest.mark.parametrize("length", LENGTHS)
def test_a_file_comes_back_as_it_was_sent(api, project, tmp_path, length):
    round_trip(api, project, tmp_path, length, PART)


def test_a_long_file_goes_up_in_parts_of_the_default_size(api, project, tmp_path):
    round_trip(api, project, tmp_path, 300 << 20, None)


def round_trip(api, project, folder, length, part_size):
    name = f"{length} bytes.bin"
    source, back = folder / name, folder / "back"
    sent = write_random(source, length, seed=length)
    created = upload(api, source, project=project, part_size=part_size)
    found = api.files.query(project=project, names=[name])
    assert [file.id for file in found] == [created.id]
    file = found[0]
    check.equal((file.name, file.size, file.type), (name, length, "file"), "name, size and type")
    check.equal(file.project, project, "project")
    check.equal(created.size, length, "size in the response to complete")
    check.equal(sha256(file.stream()), sent, "SHA-256 of the streamed bytes")
    check.equal(download(file, back), sent, "SHA-256 of the downloaded bytes")
    check.equal(download(created, back), sent, "SHA-256 by way of the object that complete answered with")
    check.equal(api.refusals, [], "refused calls")
