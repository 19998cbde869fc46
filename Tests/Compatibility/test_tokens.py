"""The client reports expired, revoked and insufficient tokens as it does on the platform."""

import pytest
import sevenbridges
from pytest_check import check
from sevenbridges.http.error_handlers import rate_limit_sleeper

from support.caller import Caller
from support.client import check_refused, download, upload, write_random
from support.server import eventually

pytestmark = pytest.mark.own_server


def test_a_token_for_uploads_uploads_and_is_otherwise_forbidden(server, connect, project, tmp_path):
    token = server.administer("token", "create", "admin", "--scope", "upload", "--project", project, "--name", "robot")
    robot = connect(token=token)
    sent = write_random(tmp_path / "a.bin", 100_000, seed=1)
    file = upload(robot, tmp_path / "a.bin", project=project)
    check.equal(robot.refusals, [], "refused calls")
    check.equal(download(connect().files.get(file.id), tmp_path / "back"), sent, "content")
    found = robot.files.query(project=project, names=["a.bin"])
    check.equal([entry.id for entry in found], [file.id], "the file in its list")
    check.equal([entry.id for entry in robot.projects.query()], [project], "projects")
    check_refused(sevenbridges.errors.Forbidden, 90002, lambda: robot.files.get(file.id).download_info(), "download")
    check_refused(sevenbridges.errors.Forbidden, 90002, lambda: robot.files.get(file.id).delete(), "delete")
    check_refused(sevenbridges.errors.Forbidden, 90002, lambda: robot.projects.create(name="mine"), "create a project")


def test_a_token_for_reading_downloads_and_is_otherwise_forbidden(
    server, connect, project, tmp_path, thread_errors
):
    sent = write_random(tmp_path / "a.bin", 100_000, seed=2)
    file = upload(connect(), tmp_path / "a.bin", project=project)
    reader = connect(token=server.administer("token", "create", "admin", "--scope", "read"))
    check.equal(download(reader.files.get(file.id), tmp_path / "back"), sent, "content")
    check_refused(sevenbridges.errors.Forbidden, 90002, lambda: reader.files.get(file.id).delete(), "delete")
    renamed = reader.files.get(file.id)
    renamed.name = "b.bin"
    check_refused(sevenbridges.errors.Forbidden, 90002, renamed.save, "rename")
    reader.files.upload(str(tmp_path / "a.bin"), project=project, file_name="c.bin")
    check.equal(reader.refusals[-1], ("POST", 403, 90002), "upload")
    check.equal(len(thread_errors), 1, f"exceptions of threads: {thread_errors}")


def is_unauthorized(api):
    try:
        api.users.me()
    except sevenbridges.errors.Unauthorized:
        return True
    return False


def test_a_token_that_is_no_longer_valid_is_unauthorized(server, connect):
    admin = Caller(server.endpoint, server.token)
    created = admin.create("/tokens", {"name": "short", "scope": "read"}, 201)
    api = connect(token=created["token"])
    check.equal(api.users.me().username, "admin", "user")
    admin.call("DELETE", f"/tokens/{created['id']}", status=204)
    check_refused(sevenbridges.errors.Unauthorized, 90001, api.users.me, "revoked")
    brief = connect(token=server.administer("token", "create", "admin", "--expires", "1s"))
    eventually(lambda: is_unauthorized(brief), "the token expires")
    check_refused(sevenbridges.errors.Unauthorized, 90001, brief.users.me, "expired")
    ada = connect(token=server.add_user("ada"))
    server.administer("user", "disable", "ada")
    eventually(lambda: is_unauthorized(ada), "the user is disabled")
    check_refused(sevenbridges.errors.Unauthorized, 90001, ada.users.me, "disabled")
    server.administer("user", "enable", "ada")
    eventually(lambda: not is_unauthorized(ada), "the user is enabled")
    check.equal(ada.users.me().username, "ada", "user")


@pytest.mark.server("--failed-authentication-limit", "1/2s")
@pytest.mark.parametrize("stores", ["sqlite+disk"], indirect=True)
def test_after_too_many_invalid_tokens_the_client_waits_and_is_then_unauthorized(connect):
    for handlers in ([], [rate_limit_sleeper]):
        api = connect(token="0" * 32, error_handlers=handlers)
        for number in range(3):
            check_refused(sevenbridges.errors.Unauthorized, 90001, api.users.me, f"{handlers} {number}")
    check.equal(connect().users.me().username, "admin", "a valid token")
