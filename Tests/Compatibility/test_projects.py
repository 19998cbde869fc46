"""Projects, the caller, the rate limit, and refusals as the client's own exceptions."""

import datetime

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, upload, write_random

NAME = "RNA & DNA: run_1"


@pytest.fixture
def created(api):
    return api.projects.create(name=NAME, description="what it is", tags=["x", "y"])


def test_creating_a_project(api, created):
    check.equal((created.name, created.description), (NAME, "what it is"), "name and description")
    check.equal(created.tags, ["x", "y"], "tags")
    check.equal((created.type, created.created_by), ("v2", api.users.me().username), "type and owner")
    check.equal(api.projects.get(created.id).id, created.id, "id")


@pytest.mark.own_server
def test_finding_projects(api, created):
    twin = api.projects.create(name=NAME)
    check.not_equal(twin.id, created.id, "id of a second project of the same name")
    by_name = api.projects.query(name="dna")
    check.equal(sorted(entry.id for entry in by_name), sorted([created.id, twin.id]), "query by name")
    check.equal([entry.id for entry in api.projects.query(tags=["x", "y"])], [created.id], "query by tags")
    check.equal(api.projects.query(owner="admin").total, 3, "projects of one owner")
    check.equal(len(list(api.projects.query(limit=1).all())), 3, "projects, one per page")


def test_changing_a_project(api, created):
    created.name = "another name"
    created.tags = ["z"]
    created.save()
    fresh = api.projects.get(created.id)
    check.equal((fresh.name, fresh.tags, fresh.description), ("another name", ["z"], "what it is"), "after save")


def test_files_of_a_project(api, project, created, tmp_path):
    check.equal(created.get_files().total, 0, "files of a new project")
    write_random(tmp_path / "file.txt", 10, seed=7)
    file = upload(api, tmp_path / "file.txt", project=created)
    check.equal(file.project, created.id, "project of a file")
    check.equal([entry.id for entry in created.get_files()], [file.id], "get_files")
    check.equal(len(api.files.query(project=project)), 0, "files of the other project")


def test_deleting_a_project(api, created):
    created.delete()
    check_refused(errors.NotFound, 3002, lambda: api.projects.get(created.id), "a deleted project")
    check.equal([entry.id for entry in api.projects.query(name=NAME)], [], "query for a deleted project")


@pytest.mark.own_server
def test_the_caller_and_the_server(api, server, connect):
    check.equal(api.users.me().username, "admin", "me")
    check.equal(api.users.get("admin").username, "admin", "the user by name")
    check.equal(type(api.limit), int, "type of the limit")
    check.is_true(0 < api.remaining <= api.limit, "remaining calls")
    check.is_true(api.reset_time > datetime.datetime.now(), "the reset time is in the future")
    check.equal(len(api.request_id), 36, "length of the request id")
    check.equal(api.endpoints.get().files_url, server.endpoint + "/files", "index")
    bearer = connect(token=None, oauth_token=server.token)
    check.equal(bearer.users.me().username, "admin", "with Authorization: Bearer")
    check.equal(connect(advance_access=True).users.me().username, "admin", "with advance access")


def test_refusals(api, connect):
    me = api.users.me().username
    stranger = connect(token="0" * 32)
    check_refused(errors.Unauthorized, 90001, stranger.users.me, "a wrong token")
    check_refused(errors.NotFound, 5002, lambda: api.files.get("0" * 24), "an unknown file")
    check_refused(errors.NotFound, 3002, lambda: api.projects.get("admin/nothing"), "an unknown project")
    check_refused(errors.NotFound, 2002, lambda: api.users.get("nobody"), "an unknown user")
    check_refused(errors.BadRequest, 5005, lambda: api.files.query(project="nothing"), "a bad project id")
    check_refused(errors.BadRequest, 3007, lambda: api.projects.create(name=" "), "a blank name")
    check_refused(errors.NotFound, 90003, lambda: api.get("/no/such/call"), "an unknown call")
    check_refused(errors.MethodNotAllowed, 90006, lambda: api.delete("/user"), "an unknown method")
    check_refused(errors.NotFound, 8003, lambda: api.get("/upload/multipart/x"), "an unknown upload")
    check.equal(api.users.me().username, me, "a good call after all refusals")
