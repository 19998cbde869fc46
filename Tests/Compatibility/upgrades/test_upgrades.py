"""The server upgrades the stores of earlier releases, and refuses stores of later releases.

The fixtures are stores that the servers of these releases have filled; tools/upgrade_fixture.py writes them.
"""

import hashlib
import json
import pathlib
import sqlite3
import subprocess
import tarfile
from dataclasses import dataclass

import pytest
import requests

from support import server as servers
from support.caller import Caller
from support.server import running_server
from support.stores import EnginePool, Stores

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
ARCHIVES = sorted(path.name for path in FIXTURES.iterdir())
FLAGS = ["--min-part-size", "64KiB", "--upload-lifetime", "10000d"]


@dataclass
class Fixture:
    """The unpacked stores of an earlier release. `content` describes their contents."""

    folder: pathlib.Path
    content: dict
    stores: Stores


def unpack(name: str, folder: pathlib.Path, pool: EnginePool) -> Fixture:
    with tarfile.open(FIXTURES / name) as archive:
        archive.extractall(folder, filter="data")
    content = json.loads((folder / "fixture.json").read_text(encoding="utf-8"))
    dump = folder / "dump.sql"
    if not dump.exists():
        return Fixture(folder, content, Stores())
    database = pool.postgresql.new_database()
    command = ["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", dump]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return Fixture(folder, content, Stores(database))


@pytest.fixture(params=ARCHIVES)
def fixture(request: pytest.FixtureRequest, tmp_path: pathlib.Path, engine_pool: EnginePool) -> Fixture:
    return unpack(request.param, tmp_path, engine_pool)


def sha256_of_download(caller: Caller, file: str) -> str:
    url = caller.call("GET", f"/files/{file}/download_info", status=200).json()["url"]
    answer = requests.get(url)
    assert answer.status_code == 200, answer.text
    return hashlib.sha256(answer.content).hexdigest()


def check_content(fixture: Fixture, endpoint: str, extra: dict[str, str]) -> None:
    """Checks users, project, member and files. `extra` has the checksums of files uploaded since, by id."""
    content = fixture.content
    admin, ada = Caller(endpoint, content["admin_token"]), Caller(endpoint, content["member_token"])
    assert ada.call("GET", "/user", status=200).json()["username"] == content["member"]
    project = content["project"]
    members = admin.call("GET", f"/projects/{project}/members", status=200).json()["items"]
    rights = {member["username"]: member["permissions"] for member in members}
    assert rights[content["member"]]["write"] and not rights[content["member"]]["admin"]
    listed = ada.call("GET", f"/files?project={project}&limit=100", status=200).json()["items"]
    assert {file["id"] for file in listed} == {file["id"] for file in content["files"]} | set(extra)
    for file in content["files"]:
        details = ada.call("GET", f"/files/{file['id']}", status=200).json()
        assert (details["name"], details["size"]) == (file["name"], file["size"])
        assert sha256_of_download(ada, file["id"]) == file["sha256"]
    metadata = ada.call("GET", f"/files/{content['files'][0]['id']}/metadata", status=200).json()
    assert content["metadata"].items() <= metadata.items()
    for file, digest in extra.items():
        assert sha256_of_download(ada, file) == digest


def complete_open_upload(fixture: Fixture, caller: Caller) -> str:
    """Sends the missing part of the unfinished upload, completes it and returns the id of the file."""
    upload = fixture.content["open_upload"]
    details = caller.call("GET", f"/upload/multipart/{upload['id']}?list_parts=true", status=200).json()
    assert [part["part_number"] for part in details["parts"]] == [1]
    report = caller.send(upload["id"], 2, bytes.fromhex(upload["missing_part"]))
    parts = [*upload["stored_parts"], report]
    return caller.create(f"/upload/multipart/{upload['id']}/complete", {"parts": parts}, 201)["id"]


def test_upgrade(fixture: Fixture) -> None:
    """Every file of an earlier release is readable, its open upload can be completed, and new files can be uploaded."""
    new = b"uploaded after the upgrade"
    with running_server(fixture.folder, fixture.stores, FLAGS) as server:
        assert server.token == fixture.content["admin_token"]
        check_content(fixture, server.endpoint, {})
        ada = Caller(server.endpoint, fixture.content["member_token"])
        extra = {
            complete_open_upload(fixture, ada): fixture.content["open_upload"]["sha256"],
            ada.upload("new.txt", new, project=fixture.content["project"]): hashlib.sha256(new).hexdigest(),
        }
        check_content(fixture, server.endpoint, extra)
    # The restarted server migrates nothing, and must find the same data.
    with running_server(fixture.folder, fixture.stores, FLAGS) as server:
        check_content(fixture, server.endpoint, extra)
        server.administer("check")
        assert " 0 damaged" in server.administer("scrub")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_downgrade(kind: str, tmp_path: pathlib.Path, engine_pool: EnginePool) -> None:
    """A server refuses tables of a newer version, names both versions, and changes nothing."""
    archive = next(name for name in ARCHIVES if name.endswith(f"-{kind}.tar.xz"))
    fixture = unpack(archive, tmp_path, engine_pool)
    with running_server(fixture.folder, fixture.stores):
        pass  # applies all migrations
    rows = "SELECT name FROM schema_migrations ORDER BY name"
    add = "INSERT INTO schema_migrations VALUES ('9999-future', 0)"
    if fixture.stores.metadata:
        known = engine_pool.postgresql.run(rows, fixture.stores.metadata).split()[-1]
        engine_pool.postgresql.run(add, fixture.stores.metadata)
    else:
        with sqlite3.connect(tmp_path / "data/pontoon.sqlite", timeout=120) as database:
            known = database.execute(rows).fetchall()[-1][0]
            database.execute(add)
    objects = sorted((tmp_path / "data/objects").rglob("*"))
    version = subprocess.run([servers.BINARY, "--version"], capture_output=True, text=True).stdout.split()[1]
    refused = subprocess.run(
        [servers.BINARY, "serve", "--data", tmp_path / "data", "--listen", "127.0.0.1:0"],
        env=servers.environment(fixture.stores),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert refused.returncode == 1, refused
    assert "migrated by a newer version of Pontoon" in refused.stderr
    assert "9999-future" in refused.stderr and f"Pontoon {version}" in refused.stderr and known in refused.stderr
    assert "restore a backup" in refused.stderr and refused.stderr.count("\n") == 1
    assert sorted((tmp_path / "data/objects").rglob("*")) == objects


def test_release_has_fixtures() -> None:
    """A release must have fixtures of its data layout, so that later versions are tested with it."""
    version = subprocess.run([servers.BINARY, "--version"], capture_output=True, text=True).stdout.split()[1]
    released = version.removesuffix("-dev")
    assert {f"{released}-sqlite.tar.xz", f"{released}-postgresql.tar.xz"} <= set(ARCHIVES) or version != released
    kinds = {name.rsplit("-", 1)[1] for name in ARCHIVES}
    assert kinds == {"sqlite.tar.xz", "postgresql.tar.xz"}
