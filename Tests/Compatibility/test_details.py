"""Metadata and tags: saved by one client, read and found by another."""

import os

from sevenbridges import errors

import client


def main():
    with client.folder() as folder:
        path = os.path.join(folder, "sample.txt")
        client.write_random(path, 100, seed=5)
        api = client.connect()
        names = ["one.txt", "two.txt", "three.txt"]
        files = {name: client.upload(api, path, project=client.PROJECT, file_name=name) for name in names}
    save(files)
    read(files)
    find()
    replace(files["one.txt"])
    change_name_and_more(files["two.txt"])


def save(files):
    for name, file in files.items():
        file.metadata["sample_id"] = name
        file.metadata["Größe"] = "+ & = % \"quoted\""
        file.metadata["lane"] = "1" if name == "one.txt" else "2"
        file.tags = ["all", name]
        file.save()


def read(files):
    for name, file in files.items():
        fresh = client.connect().files.get(file.id)
        wanted = {"sample_id": name, "Größe": "+ & = % \"quoted\"", "lane": "1" if name == "one.txt" else "2"}
        client.check(dict(fresh.metadata), wanted, "metadata read back")
        client.check(sorted(fresh.tags), sorted(["all", name]), "tags read back")


def found(**query):
    return sorted(file.name for file in client.connect().files.query(project=client.PROJECT, **query))


def find():
    every = ["one.txt", "three.txt", "two.txt"]
    client.check(found(tags=["all"]), every, "query by a tag of all")
    client.check(found(tags=["one.txt", "two.txt"]), ["one.txt", "two.txt"], "query by two tags: either")
    client.check(found(tags=["ALL"]), [], "query by a tag in other case")
    client.check(found(metadata={"lane": "2"}), ["three.txt", "two.txt"], "query by metadata")
    client.check(found(metadata={"lane": ["1", "2"]}), every, "query by two values: either")
    both = {"lane": "2", "sample_id": "two.txt"}
    client.check(found(metadata=both), ["two.txt"], "query by two keys: both")
    client.check(found(metadata={"Größe": "+ & = % \"quoted\""}), every, "query by odd key and value")
    client.check(found(metadata={"lane": "1"}, tags=["two.txt"]), [], "query by metadata and tag: both")
    client.check(found(names=["one.txt"], metadata={"lane": "1"}, tags=["all"]), ["one.txt"], "query by everything")
    client.check(found(origin={"task": "x"}), [], "query by a task")


def replace(file):
    """Assigning the whole of `metadata` replaces it; setting one key merges."""
    file.metadata = {"only": "this"}
    file.save()
    fresh = client.connect().files.get(file.id)
    client.check(dict(fresh.metadata), {"only": "this"}, "replaced metadata")
    fresh.metadata["more"] = "that"
    fresh.save()
    fresh = client.connect().files.get(file.id)
    client.check(dict(fresh.metadata), {"only": "this", "more": "that"}, "merged metadata")
    fresh.metadata["only"] = None
    fresh.save()
    client.check(dict(client.connect().files.get(file.id).metadata), {"more": "that"}, "a key set to null is gone")
    fresh.tags = []
    fresh.save()
    client.check(client.connect().files.get(file.id).tags, [], "emptied tags")


def change_name_and_more(file):
    file.name = "renamed.txt"
    file.tags = ["late"]
    file.metadata["lane"] = "3"
    file.save()
    fresh = client.connect().files.get(file.id)
    client.check((fresh.name, fresh.tags, fresh.metadata["lane"]), ("renamed.txt", ["late"], "3"), "all at once")
    fresh.name = "one.txt"
    client.check_refused(errors.Conflict, 5003, fresh.save, "a name that is taken")


if __name__ == "__main__":
    main()
