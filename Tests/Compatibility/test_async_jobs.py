"""Jobs that copy, move and delete files and folders in the background."""

import pytest
from pytest_check import check
from sevenbridges.errors import BadRequest, NotFound
from sevenbridges.models.enums import AsyncJobStates

from support import client
from support.server import eventually


@pytest.fixture
def upload(api, project, tmp_path):
    """Returns a function that uploads bytes as a file, to the project unless `parent` is given."""

    def upload(name, data, **place):
        (tmp_path / "source").write_bytes(data)
        return client.upload(api, tmp_path / "source", file_name=name, **(place or {"project": project}))

    return upload


def finished(fetch, job):
    """Waits until a job is finished, and returns it."""
    eventually(lambda: fetch(job).state == AsyncJobStates.FINISHED, "the job is finished")
    return fetch(job.id)


def counts(job):
    return (job.total_files, job.completed_files, job.failed_files)


def names(files):
    return [file.name for file in files]


def test_copying(api, project, upload):
    other = api.projects.create("Copies")
    folder = api.files.create_folder("folder", project=project)
    inner = api.files.create_folder("inner", parent=folder)
    upload("a.bin", b"a", parent=inner.id)
    file = upload("b.bin", b"bb")
    job = api.async_jobs.file_bulk_copy(
        [
            {"file": folder.id, "project": other.id},
            {"file": file.id, "project": other.id, "name": "renamed.bin"},
            {"file": file.id, "project": other.id},
        ]
    )
    check.equal((job.type, job.state), ("COPY", AsyncJobStates.SUBMITTED), "the submitted job")
    job = finished(api.async_jobs.get_file_copy_job, job)
    check.equal(counts(job), (3, 3, 0), "the numbers of files")
    check.is_true(job.started_on <= job.finished_on, "the times")
    records = job.get_result()
    check.is_true(all(record.valid for record in records), "valid results")
    check.equal([record.resource.name for record in records], ["folder", "renamed.bin", "b.bin"], "the copies")
    check.equal(b"".join(api.files.get(records[1].resource.id).stream()), b"bb", "the bytes of a copy")
    copied = api.files.get(records[0].resource.id)
    check.equal(names(next(iter(copied.list_files())).list_files()), ["a.bin"], "the contents of the folder")
    other.delete()


def test_moving_between_projects(api, project, upload):
    other = api.projects.create("Moves")
    folder = api.files.create_folder("folder", project=project)
    file = upload("a.bin", b"a", parent=folder.id)
    file.metadata = {"sample_id": "s1"}
    file.save()
    job = finished(
        api.async_jobs.get_file_move_job, api.async_jobs.file_bulk_move([{"file": folder.id, "project": other.id}])
    )
    check.equal(counts(job), (1, 1, 0), "the numbers of files")
    moved = api.files.get(file.id)
    check.equal((moved.project, moved.metadata["sample_id"]), (other.id, "s1"), "the moved file")
    check.equal(moved.parent, job.get_result()[0].resource.id, "its folder")
    check.equal(names(api.files.query(project=other, metadata={"sample_id": "s1"})), [], "the root of the project")
    check.equal(names(api.files.query(parent=moved.parent, metadata={"sample_id": "s1"})), ["a.bin"], "the filter")
    check.equal(b"".join(moved.stream()), b"a", "the bytes")
    check.equal(names(api.files.query(project=project)), [], "the source")
    other.delete()


def test_deleting(api, project, upload):
    folder = api.files.create_folder("folder", project=project)
    upload("a.bin", b"a", parent=folder.id)
    file = upload("b.bin", b"b")
    job = api.async_jobs.file_bulk_delete([{"file": folder.id}, {"file": file.id}])
    job = finished(api.async_jobs.get_file_delete_job, job)
    check.equal(counts(job), (2, 2, 0), "the numbers of files")
    check.is_true(all(record.valid for record in job.get_result()), "valid results")
    check.equal(names(api.files.query(project=project)), [], "the project is empty")


def test_failures(api, project, upload):
    folder = api.files.create_folder("folder", project=project)
    inside = upload("a.bin", b"a", parent=folder.id)
    job = api.async_jobs.file_bulk_delete([{"file": folder.id}, {"file": inside.id}])
    first, second = finished(api.async_jobs.get_file_delete_job, job).get_result()
    check.is_true(first.valid and not second.valid, "the file was deleted with its folder")
    check.equal((second.error.status, second.error.code), (404, 57432), "the error")
    client.check_refused(BadRequest, 57429, lambda: api.async_jobs.file_bulk_copy([]), "a job without items")
    client.check_refused(
        NotFound, 57432, lambda: api.async_jobs.file_bulk_delete([{"file": inside.id}]), "an unknown file"
    )
    client.check_refused(NotFound, 57039, lambda: api.async_jobs.get_file_copy_job(job), "a job of another kind")


def test_listing(api, project, upload):
    file = upload("a.bin", b"a")
    jobs = [
        api.async_jobs.file_bulk_copy([{"file": file.id, "project": project, "name": f"{number}.bin"}])
        for number in range(3)
    ]
    for job in jobs:
        finished(api.async_jobs.get_file_copy_job, job)
    listed = list(api.async_jobs.list_file_jobs(limit=2).all())
    check.equal({job.id for job in listed}, {job.id for job in jobs}, "all jobs")
    page = api.async_jobs.list_file_jobs(limit=1, offset=1)
    check.equal((len(page), page.total), (1, 3), "a page")
    check.equal(len(listed[0].get_result()), 1, "the result, which the list does not contain")
