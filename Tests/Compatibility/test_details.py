"""Metadata and tags that one client saves are read and found by another."""

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, upload, write_random

NAMES = ["one.txt", "two.txt", "three.txt"]
ODD_VALUE = "+ & = % \"quoted\""


@pytest.fixture
def files(api, project, tmp_path):
    """Three files with metadata and tags, by name."""
    write_random(tmp_path / "sample.txt", 100, seed=5)
    files = {name: upload(api, tmp_path / "sample.txt", project=project, file_name=name) for name in NAMES}
    for name, file in files.items():
        file.metadata["sample_id"] = name
        file.metadata["Größe"] = ODD_VALUE
        file.metadata["lane"] = "1" if name == "one.txt" else "2"
        file.tags = ["all", name]
        file.save()
    return files


def test_saved_details_are_read_back(files, connect):
    for name, file in files.items():
        fresh = connect().files.get(file.id)
        wanted = {"sample_id": name, "Größe": ODD_VALUE, "lane": "1" if name == "one.txt" else "2"}
        check.equal(dict(fresh.metadata), wanted, f"metadata of {name}")
        check.equal(sorted(fresh.tags), sorted(["all", name]), f"tags of {name}")


def test_queries_by_metadata_and_tags(files, connect, project):
    def found(**query):
        return sorted(file.name for file in connect().files.query(project=project, **query))

    every = sorted(NAMES)
    check.equal(found(tags=["all"]), every, "a tag of all files")
    check.equal(found(tags=["one.txt", "two.txt"]), ["one.txt", "two.txt"], "two tags: either")
    check.equal(found(tags=["ALL"]), [], "a tag in other case")
    check.equal(found(metadata={"lane": "2"}), ["three.txt", "two.txt"], "a metadata value")
    check.equal(found(metadata={"lane": ["1", "2"]}), every, "two values of a key: either")
    check.equal(found(metadata={"lane": "2", "sample_id": "two.txt"}), ["two.txt"], "two keys: both")
    check.equal(found(metadata={"Größe": ODD_VALUE}), every, "an odd key and value")
    check.equal(found(metadata={"lane": "1"}, tags=["two.txt"]), [], "metadata and tag: both")
    check.equal(found(names=["one.txt"], metadata={"lane": "1"}, tags=["all"]), ["one.txt"], "all filters at once")
    check.equal(found(origin={"task": "x"}), [], "a task")


def test_assigning_metadata_replaces_it_and_setting_a_key_merges(files, connect):
    file = files["one.txt"]
    file.metadata = {"only": "this"}
    file.save()
    fresh = connect().files.get(file.id)
    check.equal(dict(fresh.metadata), {"only": "this"}, "replaced metadata")
    fresh.metadata["more"] = "that"
    fresh.save()
    fresh = connect().files.get(file.id)
    check.equal(dict(fresh.metadata), {"only": "this", "more": "that"}, "merged metadata")
    fresh.metadata["only"] = None
    fresh.save()
    check.equal(dict(connect().files.get(file.id).metadata), {"more": "that"}, "a key that was set to null")
    fresh.tags = []
    fresh.save()
    check.equal(connect().files.get(file.id).tags, [], "emptied tags")


def test_name_tags_and_metadata_change_together(files, connect):
    file = files["two.txt"]
    file.name = "renamed.txt"
    file.tags = ["late"]
    file.metadata["lane"] = "3"
    file.save()
    fresh = connect().files.get(file.id)
    check.equal((fresh.name, fresh.tags, fresh.metadata["lane"]), ("renamed.txt", ["late"], "3"), "all at once")
    fresh.name = "one.txt"
    check_refused(errors.Conflict, 5003, fresh.save, "a name that is taken")
