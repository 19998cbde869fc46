"""Folders, and lists of more than one page."""

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, download, upload, write_random

COUNT = 120


@pytest.fixture
def folder(api, project):
    return api.files.create_folder("a folder", project=project)


@pytest.fixture
def inner(api, folder):
    return api.files.create_folder("inner", parent=folder)


def ids(entries):
    return [entry.id for entry in entries]


def test_a_new_folder(api, project, folder):
    check.equal((folder.name, folder.is_folder(), folder.project), ("a folder", True, project), "new folder")
    root = api.projects.get(project).root_folder
    check.equal(api.files.get(folder.id).parent, root, "parent of a folder in the project's root")


def test_files_in_folders(api, project, folder, inner, tmp_path):
    path = tmp_path / "file.txt"
    sent = write_random(path, 1000, seed=6)
    file = upload(api, path, parent=folder)
    # The same name in another folder is another file.
    other = upload(api, path, parent=inner.id)
    check.equal((file.parent, file.project), (folder.id, project), "parent and project")
    check.equal(download(file, tmp_path / "back"), sent, "content")
    check.equal(ids(folder.list_files()), [file.id, inner.id], "list_files")
    check.equal([entry.type for entry in folder.list_files()], ["file", "folder"], "types")
    check.equal(ids(inner.list_files()), [other.id], "list_files of the inner folder")
    check.equal(ids(api.files.query(parent=folder)), [file.id, inner.id], "query by parent")
    check.equal(ids(api.files.query(project=project)), [folder.id], "the project's root")
    check.equal(ids(api.files.query(parent=folder, names=["file.txt"])), [file.id], "query by parent and name")


def test_pages(api, project):
    parent = api.files.create_folder("many", project=project)
    created = [api.files.create_folder(f"entry {number:03}", parent=parent).id for number in range(COUNT)]
    page = api.files.query(parent=parent, limit=50)
    check.equal((len(page), page.total), (50, COUNT), "length of the first page and total")
    check.equal(ids(page.all()), created, "all pages of the query")
    second = page.next_page()
    check.equal(ids(second), created[50:100], "second page")
    check.equal(ids(second.next_page()), created[100:], "third page")
    check.equal(ids(second.previous_page()), created[:50], "back to the first page")
    check.equal(ids(second.all()), created[50:], "all() continues from its page")
    check.equal(ids(parent.list_files(limit=50).all()), created, "all pages of the folder")
    check.equal(ids(parent.list_files(offset=110)), created[110:], "from an offset")
    check.equal(ids(parent.list_files(offset=COUNT)), [], "from the end")
    check.equal(len(parent.list_files(limit=1000)), 100, "the longest page")
    names = [f"entry {number:03}" for number in range(0, COUNT, 2)]
    found = api.files.query(parent=parent, names=names, limit=25)
    check.equal(found.total, len(names), "total of a query by names")
    check.equal([entry.name for entry in found.all()], names, "all() keeps the filters")


def test_refusals(api, folder, inner, tmp_path):
    write_random(tmp_path / "file.txt", 1000, seed=6)
    upload(api, tmp_path / "file.txt", parent=folder)
    upload(api, tmp_path / "file.txt", parent=inner)
    create = api.files.create_folder
    check_refused(errors.Conflict, 5030, lambda: create("inner", parent=folder), "a name that is taken")
    check_refused(errors.BadRequest, 5024, lambda: create("__x", parent=folder), "a reserved name")
    check_refused(errors.BadRequest, 5024, lambda: create("a/b", parent=folder), "a bad name")
    check_refused(errors.NotFound, 5026, lambda: create("x", parent="0" * 24), "an unknown parent")
    check_refused(errors.BadRequest, 5021, folder.delete, "deleting a folder with files")
    check_refused(errors.BadRequest, 5017, folder.download_info, "downloading a folder")
    file = api.files.query(parent=folder, names=["file.txt"])[0]
    check_refused(errors.BadRequest, 5022, lambda: api.files.query(parent=file), "listing a file")
    file.delete()
    check_refused(errors.NotFound, 5002, file.delete, "deleting a file again")
    inner.list_files()[0].delete()
    inner.delete()
    folder.delete()
    check_refused(errors.NotFound, 5002, lambda: api.files.get(folder.id), "a deleted folder")
