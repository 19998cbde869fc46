"""Writes the fixtures of a release for the upgrade tests: stores that its server has filled.

    TEST_PONTOOND=/usr/bin/pontoond PYTHONPATH=Tests/Compatibility:Scripts/engines \\
        .venv/bin/python Tests/Compatibility/tools/upgrade_fixture.py VERSION

Writes VERSION-sqlite.tar.xz and VERSION-postgresql.tar.xz to Tests/Compatibility/upgrades/fixtures. Each contains the
data directory, with PostgreSQL also a dump of the database, and fixture.json, which describes the contents. The server
must be that of the release, because the fixtures preserve the layout of its data.
"""

import hashlib
import json
import pathlib
import subprocess
import sys
import tarfile
import tempfile

import engines
from support.caller import Caller
from support.server import Server, running_server
from support.stores import Stores

FIXTURES = pathlib.Path(__file__).resolve().parents[1] / "upgrades/fixtures"
PART_SIZE = 64 << 10
PROJECT = "admin/sequencing-run"


def pattern(seed: int, size: int) -> bytes:
    """Bytes that compress well and differ between seeds."""
    return (hashlib.sha256(bytes([seed])).digest() * (size // 32 + 1))[:size]


def upload(caller: Caller, name: str, data: bytes, **fields: object) -> dict[str, object]:
    """Uploads a file in parts and returns its description."""
    new = {"project": PROJECT, "name": name, "size": len(data), "part_size": PART_SIZE} | fields
    id = caller.create("/upload/multipart", new, 200)["upload_id"]
    parts = range(0, len(data), PART_SIZE)
    reports = [caller.send(id, index + 1, data[start : start + PART_SIZE]) for index, start in enumerate(parts)]
    file = caller.create(f"/upload/multipart/{id}/complete", {"parts": reports}, 201)["id"]
    return {"id": file, "name": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def fill(server: Server) -> dict[str, object]:
    """Creates a project with a member, two files and an upload of two parts, of which one is stored."""
    token = server.add_user("ada")
    admin = Caller(server.endpoint, server.token)
    admin.create("/projects", {"name": "Sequencing run"}, 201)
    rights = {"read": True, "copy": True, "write": True, "execute": False, "admin": False}
    admin.call("POST", f"/projects/{PROJECT}/members", {"username": "ada", "permissions": rights})
    ada = Caller(server.endpoint, token)
    reads = pattern(1, 150_000)
    files = [upload(ada, "reads.bam", reads), upload(admin, "notes.txt", pattern(2, 5))]
    ada.call("PATCH", f"/files/{files[0]['id']}/metadata", {"sample_id": "S1"}, 200)
    new = {"project": PROJECT, "name": "open.bam", "size": 2 * PART_SIZE, "part_size": PART_SIZE}
    id = ada.create("/upload/multipart", new, 200)["upload_id"]
    report = ada.send(id, 1, pattern(3, PART_SIZE))
    ada.call("POST", f"/upload/multipart/{id}/part", report)
    return {
        "project": PROJECT,
        "admin_token": server.token,
        "member": "ada",
        "member_token": token,
        "files": files,
        "metadata": {"sample_id": "S1"},
        "open_upload": {
            "id": id,
            "name": "open.bam",
            "part_size": PART_SIZE,
            "stored_parts": [report],
            "missing_part": pattern(4, PART_SIZE).hex(),
            "sha256": hashlib.sha256(pattern(3, PART_SIZE) + pattern(4, PART_SIZE)).hexdigest(),
        },
    }


def write(path: pathlib.Path, folder: pathlib.Path, members: list[str]) -> None:
    def without_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        return member

    with tarfile.open(path, "w:xz", preset=9) as archive:
        for member in members:
            archive.add(folder / member, member, filter=without_owner)
    print(f"{path}: {path.stat().st_size} bytes")


def main(version: str) -> None:
    for kind in ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as name, engines.PostgreSQL() as postgresql:
            folder, members = pathlib.Path(name), ["fixture.json", "data"]
            stores = Stores(postgresql.new_database() if kind == "postgresql" else None)
            with running_server(folder, stores, ["--min-part-size", str(PART_SIZE)]) as server:
                content = fill(server)
            (folder / "fixture.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            if stores.metadata:
                dump = ["pg_dump", "--no-owner", "--no-privileges", "--file", folder / "dump.sql", stores.metadata]
                subprocess.run(dump, check=True)
                members.append("dump.sql")
            write(FIXTURES / f"{version}-{kind}.tar.xz", folder, members)


if len(sys.argv) != 2:
    sys.exit(__doc__)
main(sys.argv[1])
