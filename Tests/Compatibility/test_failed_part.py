"""The server refuses a part. The client ignores the status of a PUT, so the server must not create the file."""

import pytest
import requests
from pytest_check import check

from support.client import download, write_random

pytestmark = pytest.mark.small_parts


@pytest.fixture
def source(tmp_path, part_size):
    """A file of three parts, and the SHA-256 of its bytes."""
    path = tmp_path / "a file.bin"
    return path, write_random(path, 3 * part_size, seed=4)


def corrupt_signature(transfer, number):
    """Makes the client send one part to a URL with an invalid signature."""
    put = transfer.session.put

    def corrupted(url, **options):
        # The part number is in the path of Pontoon's URLs, and in the query of S3's.
        is_wanted = f"/{number}?" in url or f"partNumber={number}&" in url
        other_digit = "1" if url.endswith("0") else "0"
        return put(url[:-1] + other_digit if is_wanted else url, **options)

    transfer.session.put = corrupted


def run(api, project, path, part_size, number, callback=None):
    transfer = api.files.upload(str(path), project=project, part_size=part_size, wait=False)
    if callback:
        transfer.add_callback(errorback=callback)
    corrupt_signature(transfer, number)
    transfer.start()
    transfer.wait()
    api.upload_pool.shutdown(wait=True)
    check.equal(transfer.status, "FAILED", "status")
    check.is_none(transfer.result(), "result")
    check.equal(len(api.files.query(project=project)), 0, "files")
    return transfer


def test_without_a_callback_the_client_gives_up_at_the_refused_report(api, project, part_size, source, thread_errors):
    run(api, project, source[0], part_size, 2)
    check.equal(api.refusals, [("POST", 400, 8014)], "refused calls")
    check.equal(
        ["part number 2" in str(error) for error in thread_errors], [True], f"the error names the part: {thread_errors}"
    )


@pytest.mark.parametrize("number", [1, 2, 3])
def test_with_a_callback_the_client_completes_all_the_same(
    api, project, part_size, source, thread_errors, number, tmp_path
):
    path, sent = source
    statuses = []
    transfer = run(api, project, path, part_size, number, statuses.append)
    check.equal(statuses, ["FAILED"], "statuses passed to the callback")
    check.equal(api.refusals.count(("POST", 409, 8007)), 1, f"refused completions among {api.refusals}")
    check.is_in(("POST", 400, 8014), api.refusals, "a refused report")
    # 8008: a part was reported while the completion was being checked.
    expected = {("POST", 409, 8007), ("POST", 400, 8014), ("POST", 409, 8008)}
    check.equal(set(api.refusals) - expected, set(), "other refusals")
    send_missing_parts(api, transfer._upload_id, path, part_size)
    file = api.files.query(project=project)[0]
    check.equal(download(file, tmp_path / "back"), sent, "content after the part was sent again")


def send_missing_parts(api, upload, path, part_size):
    """Sends the missing parts of the upload, which is still usable, and completes it."""
    details = api.get(f"/upload/multipart/{upload}", params={"list_parts": True}).json()
    data = path.read_bytes()
    for number in {1, 2, 3} - {part["part_number"] for part in details["parts"]}:
        part = data[(number - 1) * part_size : number * part_size]
        url = api.get(f"/upload/multipart/{upload}/part/{number}").json()["url"]
        etag = requests.put(url, data=part, timeout=300).headers["ETag"]
        report = {"part_number": number, "response": {"headers": {"ETag": etag}}}
        api.post(f"/upload/multipart/{upload}/part", data=report)
    assert api.post(f"/upload/multipart/{upload}/complete").status_code == 201
