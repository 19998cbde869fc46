"""Every refusal of calls on files that the Python client can bring about, as its own exceptions."""

import sevenbridges.errors as errors
from sevenbridges import Api

PROJECT = "admin/uploads"
api = Api()


def file(name):
    started = api.post("/upload/multipart", data={"project": PROJECT, "name": name, "size": 0}).json()
    return api.files.get(api.post(f"/upload/multipart/{started['upload_id']}/complete").json()["id"])


def refused(kind, code, call):
    try:
        call()
    except kind as error:
        assert error.code == code, (error.code, error.message)
        assert error.message and error.more_info
        return
    raise AssertionError(f"{kind.__name__} {code} did not come")


def renamed(entry, name):
    entry = api.files.get(entry.id)
    entry.name = name
    return entry


def labelled(entry, **fields):
    entry = api.files.get(entry.id)
    for field, value in fields.items():
        setattr(entry, field, value)
    return entry


a, b = file("a"), file("b")
folder = api.files.create_folder("sub", project=PROJECT)
deep = api.files.create_folder("deep", parent=folder)
other = api.projects.create("Other")
other_root = api.projects.get(other.id).root_folder
gone = file("gone")
gone.delete()

bad, missing, taken = errors.BadRequest, errors.NotFound, errors.Conflict
for kind, code, call in [
    (missing, 5002, lambda: api.files.get("nope")),
    (missing, 5002, lambda: gone.delete()),
    (missing, 5002, lambda: gone.copy(PROJECT)),
    (missing, 5002, lambda: gone.move_to_folder(folder)),
    (missing, 5002, lambda: gone.download_info()),
    (missing, 5002, lambda: api.files.query(parent="nope")),
    (missing, 5002, lambda: api.files.query(parent="nope", cont_token="init")),
    (missing, 3002, lambda: api.files.query(project="admin/nope")),
    (missing, 3002, lambda: a.copy("admin/nope")),
    (missing, 3002, lambda: api.actions.bulk_copy_files([a], "admin/nope")),
    (missing, 3002, lambda: api.files.create_folder("x", project="admin/nope")),
    (missing, 5026, lambda: a.copy_to_folder("nope")),
    (missing, 5026, lambda: a.move_to_folder("nope")),
    (missing, 5026, lambda: api.files.create_folder("x", parent="nope")),
    (bad, 5005, lambda: api.files.query(project="x")),
    (bad, 5005, lambda: a.copy("x")),
    (bad, 5006, lambda: labelled(a, metadata={"": "v"}).save()),
    (bad, 5006, lambda: labelled(a, metadata={"k": "v" * 301}).save()),
    (bad, 5006, lambda: labelled(a, metadata={f"{n}": "v" for n in range(1001)}).save()),
    (bad, 5015, lambda: a.move_to_folder(other_root)),
    (bad, 5017, lambda: folder.download_info()),
    (bad, 5018, lambda: folder.copy(other.id)),
    (bad, 5021, lambda: folder.delete()),
    (bad, 5022, lambda: api.files.query(parent=a)),
    (bad, 5022, lambda: a.copy_to_folder(b)),
    (bad, 5022, lambda: a.move_to_folder(b)),
    (bad, 5023, lambda: renamed(folder, "x").save()),
    (bad, 5024, lambda: renamed(a, "x/y").save()),
    (bad, 5024, lambda: a.copy(other.id, name="..")),
    (bad, 5024, lambda: api.files.create_folder("__x", project=PROJECT)),
    (bad, 5025, lambda: labelled(folder, metadata={"k": "v"}).save()),
    (bad, 5027, lambda: labelled(folder, tags=["t"]).save()),
    (bad, 90000, lambda: api.files.query(project=PROJECT, cont_token="nope")),
    (bad, 90000, lambda: api.files.bulk_get([a] * 101)),
    (bad, 90000, lambda: api.files.bulk_delete([a] * 101)),
    (bad, 90000, lambda: api.files.bulk_edit([a] * 101)),
    (bad, 90000, lambda: api.files.bulk_update([a] * 101)),
    (taken, 5003, lambda: renamed(a, "b").save()),
    (taken, 5003, lambda: a.copy(PROJECT)),
    (taken, 5003, lambda: a.copy(PROJECT, name="b")),
    (taken, 5003, lambda: a.copy_to_folder(folder, name="deep")),
    (taken, 5003, lambda: a.move_to_folder(folder, name="deep")),
    (taken, 5003, lambda: api.files.create_folder("a", project=PROJECT)),
    (taken, 5030, lambda: api.files.create_folder("sub", project=PROJECT)),
]:
    refused(kind, code, call)
assert [entry.name for entry in api.files.query(project=PROJECT)] == ["a", "b", "sub"]
