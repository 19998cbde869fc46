"""What the Python client does with files: copy, move, bulk calls, folders, metadata, tags, stream."""

import os
import tempfile

from sevenbridges import Api
from sevenbridges.errors import ResourceNotModified

PROJECT = "admin/uploads"
api = Api()


def upload(name, data, **place):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "source")
        with open(path, "wb") as file:
            file.write(data)
        sent = api.files.upload(path, file_name=name, **(place or {"project": PROJECT}))
        return sent.result()


def content(file):
    return b"".join(file.stream())


def names(files):
    return [file.name for file in files]


def test_stream():
    for size in (0, 1, 32 * 1024, 100_001):
        data = os.urandom(size)
        file = upload(f"stream-{size}", data)
        assert content(file) == data, size
        assert b"".join(file.stream(part_size=1000)) == data, size
        file.delete()


def test_save():
    file = upload("save.bin", b"1")
    file.name = "saved.bin"
    file.metadata["sample_id"] = "s1"
    file.tags = ["t", "ü"]
    file.save()
    again = api.files.get(file.id)
    assert (again.name, dict(again.metadata), again.tags) == ("saved.bin", {"sample_id": "s1"}, ["t", "ü"])
    again.metadata["sample_id"] = None
    again.metadata["type"] = "wgs"
    again.save()
    assert dict(api.files.get(file.id).metadata) == {"type": "wgs"}
    again.metadata = {"only": "this"}
    again.save()
    assert dict(api.files.get(file.id).metadata) == {"only": "this"}
    try:
        again.save()
        raise AssertionError("nothing was changed")
    except ResourceNotModified:
        pass
    file.delete()


def test_copy():
    other = api.projects.create("Copies")
    file = upload("a.bin", b"abc")
    file.metadata = {"k": "v"}
    file.tags = ["t"]
    file.save()
    same = file.copy(project=other)
    named = file.copy(project=other.id, name="b.bin")
    assert (same.name, same.project, same.size) == ("a.bin", other.id, 3)
    assert (named.name, dict(named.metadata), named.tags) == ("b.bin", {"k": "v"}, ["t"])
    assert len({file.id, same.id, named.id}) == 3
    file.delete()
    assert content(same) == content(named) == b"abc"
    other.delete()


def test_folders():
    outer = api.files.create_folder("outer", project=PROJECT)
    inner = api.files.create_folder("inner", parent=outer)
    assert outer.is_folder() and inner.parent == outer.id
    file = upload("in.bin", b"1", parent=inner.id)
    assert file.parent == inner.id
    assert names(outer.list_files()) == ["inner"]
    assert names(api.files.query(parent=inner)) == ["in.bin"]
    copy = file.copy_to_folder(outer)
    renamed = file.copy_to_folder(outer.id, name="other.bin")
    assert (copy.name, copy.parent, renamed.name) == ("in.bin", outer.id, "other.bin")
    moved = file.move_to_folder(outer, name="moved.bin")
    assert (moved.id, moved.name, moved.parent) == (file.id, "moved.bin", outer.id)
    assert names(outer.list_files()) == ["in.bin", "inner", "moved.bin", "other.bin"]
    assert names(inner.list_files()) == []
    back = moved.move_to_folder(inner)
    assert (back.name, back.parent) == ("moved.bin", inner.id)
    for entry in (copy, renamed, back, inner, outer):
        entry.delete()
    assert names(api.files.query(project=PROJECT)) == []


def test_bulk_copy():
    other = api.projects.create("Bulk")
    files = [upload(f"{number}.bin", b"%d" % number) for number in range(3)]
    first = api.actions.bulk_copy_files(files, other.id)
    assert {result["new_file_name"] for result in first.values()} == {"0.bin", "1.bin", "2.bin"}
    second = api.actions.bulk_copy_files([files[0].id, "nope"], other.id)
    assert second[files[0].id]["status"] == "OK"
    assert second[files[0].id]["new_file_name"] == "1_0.bin"
    assert second["nope"]["status"] == "ERROR" and second["nope"]["code"] == 5002
    assert content(api.files.get(second[files[0].id]["new_file_id"])) == b"0"
    other.delete()
    for file in files:
        file.delete()


def test_bulk():
    files = [upload(f"{number}.bin", b"%d" % number) for number in range(3)]
    records = api.files.bulk_get(files + ["nope"])
    assert [record.valid for record in records] == [True, True, True, False]
    assert [record.resource.name for record in records[:3]] == ["0.bin", "1.bin", "2.bin"]
    error = records[3].error
    assert (error.status, error.code) == (404, 5002) and error.message and error.more_info
    assert records[3].resource is None

    files = [record.resource for record in records[:3]]
    for file in files:
        file.name = "new-" + file.name
        file.tags = ["t"]
        file.metadata["k"] = "v"
    edited = api.files.bulk_edit(files)
    assert all(record.valid for record in edited)
    assert [record.resource.name for record in edited] == ["new-0.bin", "new-1.bin", "new-2.bin"]
    assert dict(edited[0].resource.metadata) == {"k": "v"} and edited[0].resource.tags == ["t"]

    files = [record.resource for record in edited]
    files[0].metadata = {"only": "this"}
    files[0].tags = []
    files[1].name = "new-0.bin"
    updated = api.files.bulk_update(files)
    assert [record.valid for record in updated] == [True, False, True]
    assert (updated[1].error.status, updated[1].error.code) == (409, 5003)
    kept = api.files.get(files[0].id)
    assert (dict(kept.metadata), kept.tags) == ({"only": "this"}, [])
    assert dict(api.files.get(files[2].id).metadata) == {"k": "v"}

    deleted = api.files.bulk_delete(files + ["nope"])
    assert [record.valid for record in deleted] == [True, True, True, False]
    assert names(api.files.query(project=PROJECT)) == []


def test_bulk_folder():
    folder = api.files.create_folder("sub", project=PROJECT)
    records = api.files.bulk_get([folder])
    assert records[0].valid and records[0].resource.is_folder()
    assert api.files.bulk_edit([folder])[0].error.code == 5023
    assert api.files.bulk_delete([folder])[0].valid


for test in (
    test_stream, test_save, test_copy, test_folders, test_bulk_copy, test_bulk, test_bulk_folder,
):
    test()
