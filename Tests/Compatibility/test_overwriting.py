"""A name that is taken is refused without `overwrite`, and replaced with it."""

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, download, upload, write_random


@pytest.fixture
def taken(api, project, tmp_path):
    """A file named "taken", and the SHA-256 of its bytes."""
    sent = write_random(tmp_path / "old", 300_000, seed=1)
    return upload(api, tmp_path / "old", project=project, file_name="taken"), sent


@pytest.mark.own_server
def test_without_overwrite_the_old_file_stays(api, project, taken, object_store, tmp_path, thread_errors):
    file, old = taken
    check.equal(object_store.finished(), [old], "stored objects after the first upload")
    write_random(tmp_path / "new", 200_000, seed=2)
    transfer = api.files.upload(str(tmp_path / "new"), project=project, file_name="taken")
    check.equal(transfer.status, "FAILED", "status")
    check.is_none(transfer.result(), "result")
    check.equal(api.refusals, [("POST", 409, 8005)], "refused calls")
    named = ["taken" in str(error) for error in thread_errors]
    check.equal(named, [True], f"the message names the file: {thread_errors}")
    check.equal(download(api.files.get(file.id), tmp_path / "back"), old, "content of the old file")


@pytest.mark.own_server
def test_with_overwrite_the_new_file_replaces_the_old_one(api, project, taken, object_store, tmp_path):
    old_file, _ = taken
    new = write_random(tmp_path / "new", 200_000, seed=2)
    file = upload(api, tmp_path / "new", project=project, file_name="taken", overwrite=True)
    check.not_equal(file.id, old_file.id, "id")
    found = api.files.query(project=project)
    check.equal([entry.id for entry in found], [file.id], "listed files")
    check.equal(download(found[0], tmp_path / "back"), new, "content")
    check_refused(errors.NotFound, 5002, lambda: api.files.get(old_file.id), "the old file")
    check.equal(object_store.finished(), [new], "stored objects")


def test_overwriting_a_name_that_is_free(api, project, tmp_path):
    write_random(tmp_path / "new", 200_000, seed=2)
    upload(api, tmp_path / "new", project=project, file_name="free", overwrite=True)
    check.equal([file.name for file in api.files.query(project=project)], ["free"], "listed files")
