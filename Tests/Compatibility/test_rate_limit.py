"""The client waits automatically when the rate limit is reached."""

import pytest
import sevenbridges
from pytest_check import check
from sevenbridges.http.error_handlers import rate_limit_sleeper

from support.client import download, upload, write_random

LIMIT, PART_SIZE, PARTS = 30, 1024, 25

# An upload of 25 parts makes more than 50 calls, so the limit is reached unless a call takes a second.
pytestmark = [
    pytest.mark.server("--rate-limit", f"{LIMIT}/30s", "--min-part-size", "1KiB"),
    pytest.mark.parametrize("stores", ["sqlite+disk"], indirect=True),
]


def test_with_its_sleeper_the_client_uploads_more_parts_than_there_are_calls(connect, project, tmp_path):
    api = connect(error_handlers=[rate_limit_sleeper])
    sent = write_random(tmp_path / "many.bin", PART_SIZE * PARTS, seed=1)
    file = upload(api, tmp_path / "many.bin", project=project, part_size=PART_SIZE)
    check.equal(download(file, tmp_path / "back"), sent, "content")
    limited = [refusal for refusal in api.refusals if refusal[1:] == (429, 1000)]
    check.is_true(limited, "some calls are refused")
    check.equal(len(api.refusals), len(limited), f"refusals of other kinds in {api.refusals}")
    check.equal(api.limit, LIMIT, "limit")
    check.is_true(0 <= api.remaining < LIMIT, f"remaining calls: {api.remaining}")
    check.is_not_none(api.reset_time, "reset time")


def test_without_it_the_refusal_is_an_exception(api):
    with pytest.raises(sevenbridges.errors.TooManyRequests) as refusal:
        for _ in range(100 * LIMIT):
            api.users.me()
    check.equal(refusal.value.code, 1000, "code")
