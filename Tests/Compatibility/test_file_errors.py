"""Every refusal that the client can cause with file calls raises its own exception with the platform code."""

from types import SimpleNamespace

import pytest
from pytest_check import check
from sevenbridges import errors


@pytest.fixture
def world(api, project):
    """Files and folders for the refused calls."""

    def file(name):
        started = api.post("/upload/multipart", data={"project": project, "name": name, "size": 0}).json()
        return api.files.get(api.post(f"/upload/multipart/{started['upload_id']}/complete").json()["id"])

    a, b = file("a"), file("b")
    folder = api.files.create_folder("sub", project=project)
    api.files.create_folder("deep", parent=folder)
    other = api.projects.create("Other")
    other_root = api.projects.get(other.id).root_folder
    gone = file("gone")
    gone.delete()
    return SimpleNamespace(a=a, b=b, folder=folder, other=other, other_root=other_root, gone=gone)


def cases(api, project, world):
    """Returns the exception, the platform code, a name and the call of each case."""
    a, b, folder, other, gone = world.a, world.b, world.folder, world.other, world.gone
    bad, missing, taken = errors.BadRequest, errors.NotFound, errors.Conflict

    def changed(entry, **fields):
        entry = api.files.get(entry.id)
        for name, value in fields.items():
            setattr(entry, name, value)
        return entry

    return [
        (missing, 5002, "details of an unknown file", lambda: api.files.get("nope")),
        (missing, 5002, "deleting a deleted file", lambda: gone.delete()),
        (missing, 5002, "copying a deleted file", lambda: gone.copy(project)),
        (missing, 5002, "moving a deleted file", lambda: gone.move_to_folder(folder)),
        (missing, 5002, "downloading a deleted file", lambda: gone.download_info()),
        (missing, 5002, "listing an unknown folder", lambda: api.files.query(parent="nope")),
        (missing, 5002, "scrolling an unknown folder", lambda: api.files.query(parent="nope", cont_token="init")),
        (missing, 3002, "listing an unknown project", lambda: api.files.query(project="admin/nope")),
        (missing, 3002, "copying to an unknown project", lambda: a.copy("admin/nope")),
        (missing, 3002, "copying many there", lambda: api.actions.bulk_copy_files([a], "admin/nope")),
        (missing, 3002, "a folder in an unknown project", lambda: api.files.create_folder("x", project="admin/nope")),
        (missing, 5026, "copying to an unknown folder", lambda: a.copy_to_folder("nope")),
        (missing, 5026, "moving to an unknown folder", lambda: a.move_to_folder("nope")),
        (missing, 5026, "a folder in an unknown folder", lambda: api.files.create_folder("x", parent="nope")),
        (bad, 5005, "listing a bad project id", lambda: api.files.query(project="x")),
        (bad, 5005, "copying to a bad project id", lambda: a.copy("x")),
        (bad, 5006, "an empty metadata key", lambda: changed(a, metadata={"": "v"}).save()),
        (bad, 5006, "a long metadata value", lambda: changed(a, metadata={"k": "v" * 301}).save()),
        (bad, 5006, "many keys", lambda: changed(a, metadata={f"{number}": "v" for number in range(1001)}).save()),
        (bad, 5015, "moving to another project", lambda: a.move_to_folder(world.other_root)),
        (bad, 5017, "downloading a folder", lambda: folder.download_info()),
        (bad, 5018, "copying a folder", lambda: folder.copy(other.id)),
        (bad, 5021, "deleting a folder with entries", lambda: folder.delete()),
        (bad, 5022, "listing a file", lambda: api.files.query(parent=a)),
        (bad, 5022, "copying into a file", lambda: a.copy_to_folder(b)),
        (bad, 5022, "moving into a file", lambda: a.move_to_folder(b)),
        (bad, 5023, "renaming a folder", lambda: changed(folder, name="x").save()),
        (bad, 5024, "renaming to a bad name", lambda: changed(a, name="x/y").save()),
        (bad, 5024, "copying to a bad name", lambda: a.copy(other.id, name="..")),
        (bad, 5024, "a folder of a reserved name", lambda: api.files.create_folder("__x", project=project)),
        (bad, 5025, "metadata of a folder", lambda: changed(folder, metadata={"k": "v"}).save()),
        (bad, 5027, "tags of a folder", lambda: changed(folder, tags=["t"]).save()),
        (bad, 90000, "a bad token", lambda: api.files.query(project=project, cont_token="nope")),
        (bad, 90000, "bulk_get of 101", lambda: api.files.bulk_get([a] * 101)),
        (bad, 90000, "bulk_delete of 101", lambda: api.files.bulk_delete([a] * 101)),
        (bad, 90000, "bulk_edit of 101", lambda: api.files.bulk_edit([a] * 101)),
        (bad, 90000, "bulk_update of 101", lambda: api.files.bulk_update([a] * 101)),
        (taken, 5003, "renaming to a name that is taken", lambda: changed(a, name="b").save()),
        (taken, 5003, "copying onto itself", lambda: a.copy(project)),
        (taken, 5003, "copying to a name that is taken", lambda: a.copy(project, name="b")),
        (taken, 5003, "copying to a folder's name", lambda: a.copy_to_folder(folder, name="deep")),
        (taken, 5003, "moving to a folder's name", lambda: a.move_to_folder(folder, name="deep")),
        (taken, 5003, "a folder of a file's name", lambda: api.files.create_folder("a", project=project)),
        (taken, 5030, "a folder of a folder's name", lambda: api.files.create_folder("sub", project=project)),
    ]


def test_refusals(api, project, world):
    for kind, code, what, call in cases(api, project, world):
        try:
            call()
        except errors.SbgError as refusal:
            check.equal((type(refusal), refusal.code), (kind, code), what)
            check.is_true(refusal.message and refusal.more_info, f"{what}: message and more_info")
        else:
            check.fail(f"{what}: was not refused")
    check.equal([entry.name for entry in api.files.query(project=project)], ["a", "b", "sub"], "nothing has changed")
