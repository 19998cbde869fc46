"""Folders, and lists of more than one page."""

import os

from sevenbridges import errors

import client

COUNT = 120


def main():
    api = client.connect()
    folder = api.files.create_folder("a folder", project=client.PROJECT)
    client.check((folder.name, folder.is_folder(), folder.project), ("a folder", True, client.PROJECT), "new folder")
    root = api.projects.get(client.PROJECT).root_folder
    client.check(api.files.get(folder.id).parent, root, "parent of a folder in the project's root")
    files_in_folder(api, folder)
    pages(api)
    refusals(api, folder)


def files_in_folder(api, folder):
    inner = api.files.create_folder("inner", parent=folder)
    with client.folder() as local:
        path = os.path.join(local, "file.txt")
        sent = client.write_random(path, 1000, seed=6)
        file = client.upload(api, path, parent=folder)
        # The same name elsewhere is another file.
        other = client.upload(api, path, parent=inner.id)
        client.check((file.parent, file.project), (folder.id, client.PROJECT), "parent and project")
        client.check(client.download(file, path + ".back"), sent, "content")
    client.check([entry.id for entry in folder.list_files()], [file.id, inner.id], "list_files")
    client.check([entry.type for entry in folder.list_files()], ["file", "folder"], "types")
    client.check([entry.id for entry in inner.list_files()], [other.id], "list_files of the inner folder")
    client.check([entry.id for entry in api.files.query(parent=folder)], [file.id, inner.id], "query by parent")
    client.check([entry.id for entry in api.files.query(project=client.PROJECT)], [folder.id], "the project's root")
    found = api.files.query(parent=folder, names=["file.txt"])
    client.check([entry.id for entry in found], [file.id], "query by parent and name")


def pages(api):
    parent = api.files.create_folder("many", project=client.PROJECT)
    made = [api.files.create_folder(f"entry {number:03}", parent=parent).id for number in range(COUNT)]
    page = api.files.query(parent=parent, limit=50)
    client.check((len(page), page.total), (50, COUNT), "length of the first page and total")
    client.check([entry.id for entry in page.all()], made, "all pages of the query")
    second = page.next_page()
    client.check([entry.id for entry in second], made[50:100], "second page")
    client.check([entry.id for entry in second.next_page()], made[100:], "third page")
    client.check([entry.id for entry in second.previous_page()], made[:50], "back to the first page")
    client.check([entry.id for entry in second.all()], made[50:], "all() goes on from its page")
    client.check([entry.id for entry in parent.list_files(limit=50).all()], made, "all pages of the folder")
    client.check([entry.id for entry in parent.list_files(offset=110)], made[110:], "from an offset")
    client.check([entry.id for entry in parent.list_files(offset=COUNT)], [], "from the end")
    client.check(len(parent.list_files(limit=1000)), 100, "the longest page")
    names = [f"entry {number:03}" for number in range(0, COUNT, 2)]
    found = api.files.query(parent=parent, names=names, limit=25)
    client.check(found.total, len(names), "total of a query by names")
    client.check([entry.name for entry in found.all()], names, "all() keeps the filters")


def refusals(api, folder):
    create = api.files.create_folder
    client.check_refused(errors.Conflict, 5030, lambda: create("inner", parent=folder), "a name that is taken")
    client.check_refused(errors.BadRequest, 5024, lambda: create("__x", parent=folder), "a reserved name")
    client.check_refused(errors.BadRequest, 5024, lambda: create("a/b", parent=folder), "a bad name")
    client.check_refused(errors.NotFound, 5026, lambda: create("x", parent="0" * 24), "an unknown parent")
    client.check_refused(errors.BadRequest, 5021, folder.delete, "deleting a folder with files")
    client.check_refused(errors.BadRequest, 5017, folder.download_info, "downloading a folder")
    file = api.files.query(parent=folder, names=["file.txt"])[0]
    client.check_refused(errors.BadRequest, 5022, lambda: api.files.query(parent=file), "listing a file")
    file.delete()
    client.check_refused(errors.NotFound, 5002, file.delete, "deleting a file again")
    inner = api.files.query(parent=folder, names=["inner"])[0]
    inner.list_files()[0].delete()
    inner.delete()
    folder.delete()
    client.check_refused(errors.NotFound, 5002, lambda: api.files.get(folder.id), "a deleted folder")


if __name__ == "__main__":
    main()
