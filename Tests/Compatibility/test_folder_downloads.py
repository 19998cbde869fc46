"""A folder with files of every kind is downloaded as an archive, on every combination of stores."""

import io
import tarfile
import zipfile

import pytest
import requests
from pytest_check import check

from support.caller import Caller
from support.client import upload, write_random


@pytest.fixture
def tree(api, project, tmp_path):
    """Returns the id of a folder and the contents of its files by their paths in an archive."""
    top = api.files.create_folder("run ü", project=project)
    inner = api.files.create_folder("in ner", parent=top)
    api.files.create_folder("empty", parent=inner)
    contents = {}
    for number, (parent, size) in enumerate([(top, 3), (top, 2_000_000), (inner, 0), (inner, 70_000)]):
        name = f"file {number}.bin"
        sent = tmp_path / name
        write_random(sent, size, seed=number)
        upload(api, sent, parent=parent)
        contents[f"run ü/{'' if parent is top else 'in ner/'}{name}"] = sent.read_bytes()
    return top.id, contents


def archive(server, folder, kind):
    info = Caller(server.endpoint, server.token).call("GET", f"/files/{folder}/archive_info?format={kind}", status=200)
    answer = requests.get(info.json()["url"])
    assert answer.status_code == 200, answer.text[:300]
    check.equal(len(answer.content), info.json()["size"], "length")
    return info.json()["url"], answer.content


def test_tar(server, tree):
    folder, contents = tree
    url, content = archive(server, folder, "tar")
    with tarfile.open(fileobj=io.BytesIO(content), errorlevel=2) as tar:
        members = tar.getmembers()
        found = {member.name: tar.extractfile(member).read() for member in members if member.isfile()}
    check.equal(found, contents)
    folders = [member.name for member in members if member.isdir()]
    check.equal(folders, ["run ü", "run ü/in ner", "run ü/in ner/empty"])
    for start in (0, 1000, len(content) - 2_000_000, len(content) - 1):
        rest = requests.get(url, headers={"Range": f"bytes={start}-"})
        check.equal((rest.status_code, rest.content), (206, content[start:]), f"from {start}")


def test_zip(server, tree):
    folder, contents = tree
    _, content = archive(server, folder, "zip")
    with zipfile.ZipFile(io.BytesIO(content)) as archived:
        check.is_none(archived.testzip())
        files = [entry for entry in archived.infolist() if not entry.is_dir()]
        check.equal({entry.filename: archived.read(entry) for entry in files}, contents)


def test_a_change_ends_the_validity_of_the_url(api, server, tree):
    folder, _ = tree
    url, _ = archive(server, folder, "tar")
    api.files.create_folder("another", parent=api.files.get(folder))
    check.equal(requests.get(url).status_code, 412)
    archive(server, folder, "tar")
