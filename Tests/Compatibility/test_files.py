"""Everything else that the client does with files: streaming, saving, copies, moves, folders and bulk calls."""

import os

import pytest
from pytest_check import check
from sevenbridges.errors import ResourceNotModified

from support import client


@pytest.fixture
def upload(api, project, tmp_path):
    """Returns a function that uploads bytes as a file, to the project unless `parent` is given."""

    def upload(name, data, **place):
        (tmp_path / "source").write_bytes(data)
        return client.upload(api, tmp_path / "source", file_name=name, **(place or {"project": project}))

    return upload


def content(file):
    return b"".join(file.stream())


def names(files):
    return [file.name for file in files]


def test_streaming(upload):
    for size in (0, 1, 32 * 1024, 100_001):
        data = os.urandom(size)
        file = upload(f"stream-{size}", data)
        check.is_true(content(file) == data, f"{size} bytes")
        check.is_true(b"".join(file.stream(part_size=1000)) == data, f"{size} bytes in blocks of 1000")


def test_saving_name_metadata_and_tags(api, upload):
    file = upload("save.bin", b"1")
    file.name = "saved.bin"
    file.metadata["sample_id"] = "s1"
    file.tags = ["t", "ü"]
    file.save()
    again = api.files.get(file.id)
    check.equal((again.name, dict(again.metadata), again.tags), ("saved.bin", {"sample_id": "s1"}, ["t", "ü"]), "saved")
    again.metadata["sample_id"] = None
    again.metadata["type"] = "wgs"
    again.save()
    check.equal(dict(api.files.get(file.id).metadata), {"type": "wgs"}, "metadata with a key set to null")
    again.metadata = {"only": "this"}
    again.save()
    check.equal(dict(api.files.get(file.id).metadata), {"only": "this"}, "replaced metadata")
    with pytest.raises(ResourceNotModified):
        again.save()


def test_copying(api, upload):
    other = api.projects.create("Copies")
    file = upload("a.bin", b"abc")
    file.metadata = {"k": "v"}
    file.tags = ["t"]
    file.save()
    same = file.copy(project=other)
    named = file.copy(project=other.id, name="b.bin")
    check.equal((same.name, same.project, same.size), ("a.bin", other.id, 3), "copy")
    check.equal((named.name, dict(named.metadata), named.tags), ("b.bin", {"k": "v"}, ["t"]), "copy with a name")
    check.equal(len({file.id, same.id, named.id}), 3, "different ids")
    file.delete()
    check.equal((content(same), content(named)), (b"abc", b"abc"), "content after the original was deleted")
    other.delete()


def test_copying_and_moving_between_folders(api, project, upload):
    outer = api.files.create_folder("outer", project=project)
    inner = api.files.create_folder("inner", parent=outer)
    check.equal((outer.is_folder(), inner.parent), (True, outer.id), "folders")
    file = upload("in.bin", b"1", parent=inner.id)
    check.equal(file.parent, inner.id, "parent of the file")
    check.equal(names(outer.list_files()), ["inner"], "outer folder")
    check.equal(names(api.files.query(parent=inner)), ["in.bin"], "inner folder")
    copy = file.copy_to_folder(outer)
    renamed = file.copy_to_folder(outer.id, name="other.bin")
    check.equal((copy.name, copy.parent, renamed.name), ("in.bin", outer.id, "other.bin"), "copies")
    moved = file.move_to_folder(outer, name="moved.bin")
    check.equal((moved.id, moved.name, moved.parent), (file.id, "moved.bin", outer.id), "moved file")
    check.equal(names(outer.list_files()), ["in.bin", "inner", "moved.bin", "other.bin"], "outer folder at the end")
    check.equal(names(inner.list_files()), [], "inner folder at the end")
    back = moved.move_to_folder(inner)
    check.equal((back.name, back.parent), ("moved.bin", inner.id), "moved back")
    for entry in (copy, renamed, back, inner, outer):
        entry.delete()
    check.equal(names(api.files.query(project=project)), [], "the project's root")


def test_copying_many(api, upload):
    other = api.projects.create("Bulk")
    files = [upload(f"{number}.bin", b"%d" % number) for number in range(3)]
    first = api.actions.bulk_copy_files(files, other.id)
    check.equal({result["new_file_name"] for result in first.values()}, {"0.bin", "1.bin", "2.bin"}, "names")
    second = api.actions.bulk_copy_files([files[0].id, "nope"], other.id)
    again, unknown = second[files[0].id], second["nope"]
    check.equal((again["status"], again["new_file_name"]), ("OK", "1_0.bin"), "a name that is taken")
    check.equal((unknown["status"], unknown["code"]), ("ERROR", 5002), "an unknown file")
    check.equal(content(api.files.get(again["new_file_id"])), b"0", "content of the copy")
    other.delete()


def test_bulk_calls(api, project, upload):
    files = [upload(f"{number}.bin", b"%d" % number) for number in range(3)]
    records = api.files.bulk_get(files + ["nope"])
    check.equal([record.valid for record in records], [True, True, True, False], "valid records of bulk_get")
    check.equal(names(record.resource for record in records[:3]), ["0.bin", "1.bin", "2.bin"], "bulk_get")
    error = records[3].error
    check.equal((error.status, error.code), (404, 5002), "error of an unknown file")
    check.is_true(error.message and error.more_info, "message and more_info of an unknown file")
    check.is_none(records[3].resource, "resource of an unknown file")

    files = [record.resource for record in records[:3]]
    for file in files:
        file.name = "new-" + file.name
        file.tags = ["t"]
        file.metadata["k"] = "v"
    edited = api.files.bulk_edit(files)
    check.is_true(all(record.valid for record in edited), "valid records of bulk_edit")
    check.equal(names(record.resource for record in edited), ["new-0.bin", "new-1.bin", "new-2.bin"], "bulk_edit")
    check.equal((dict(edited[0].resource.metadata), edited[0].resource.tags), ({"k": "v"}, ["t"]), "edited details")

    files = [record.resource for record in edited]
    files[0].metadata = {"only": "this"}
    files[0].tags = []
    files[1].name = "new-0.bin"
    updated = api.files.bulk_update(files)
    check.equal([record.valid for record in updated], [True, False, True], "valid records of bulk_update")
    check.equal((updated[1].error.status, updated[1].error.code), (409, 5003), "error of a name that is taken")
    kept = api.files.get(files[0].id)
    check.equal((dict(kept.metadata), kept.tags), ({"only": "this"}, []), "replaced details")
    check.equal(dict(api.files.get(files[2].id).metadata), {"k": "v"}, "metadata that was not changed")

    deleted = api.files.bulk_delete(files + ["nope"])
    check.equal([record.valid for record in deleted], [True, True, True, False], "valid records of bulk_delete")
    check.equal(names(api.files.query(project=project)), [], "files at the end")


def test_bulk_calls_with_a_folder(api, project):
    folder = api.files.create_folder("sub", project=project)
    records = api.files.bulk_get([folder])
    check.is_true(records[0].valid and records[0].resource.is_folder(), "bulk_get")
    check.equal(api.files.bulk_edit([folder])[0].error.code, 5023, "bulk_edit")
    check.is_true(api.files.bulk_delete([folder])[0].valid, "bulk_delete")
