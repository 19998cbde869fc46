"""File names that paths, queries, JSON or file systems could trip over: kept, found and served byte for byte."""

import os

import client

NAMES = [
    "with blanks  inside.txt",
    " leading and trailing ",
    "a+b.txt",
    "100%.txt",
    "%2F%00%41.txt",
    "#1.txt",
    "a&b=c;d.txt",
    "what?.txt",
    "\"double\" 'single' `back`.txt",
    "back\\slash\\n.txt",
    "<angle>|pipe*star:colon.txt",
    "..hidden",
    "...",
    "-rf",
    "{upload_id}.txt",
    "файл.txt",
    "文件.txt",
    "\u202eright to left.txt",
    "🧬👩‍🔬.txt",
    "caf\u00e9.txt",
    "cafe\u0301.txt",
    "a+\u0301combined.txt",
    "UPPER.txt",
    "upper.txt",
    "x" * 255,
    "漢" * 255,
    "🧬" * 255,
]


def main():
    api = client.connect()
    with client.folder() as folder:
        made = [send(api, folder, name) for name in NAMES]
        for name, (file_id, sent) in zip(NAMES, made):
            read_back(api, folder, name, file_id, sent)
        listed = [file.name for file in api.files.query(project=client.PROJECT, limit=100).all()]
        client.check(sorted(listed), sorted(NAMES), "all names")
        found = api.files.query(project=client.PROJECT, names=NAMES[:5])
        client.check(sorted(file.name for file in found), sorted(NAMES[:5]), "query by five names at once")
        client.check(len(api.files.query(project=client.PROJECT, names=[])), 0, "files without a name")
        client.check(api.refusals, [], "refused calls")
        rename(api)
        refuse(api, folder)


def send(api, folder, name):
    path = os.path.join(folder, "source")
    sent = client.write_random(path, 100, seed=name)
    file = client.upload(api, path, project=client.PROJECT, file_name=name)
    client.check(file.name, name, "name in the answer of complete")
    return file.id, sent


def read_back(api, folder, name, file_id, sent):
    found = api.files.query(project=client.PROJECT, names=[name])
    client.check([(file.id, file.name) for file in found], [(file_id, name)], "query by name")
    client.check(api.files.get(file_id).name, name, "name in the details")
    client.check(client.download(found[0], os.path.join(folder, "back")), sent, f"content of {name!r}")


def rename(api):
    """To a name that differs in its bytes only: the user means it."""
    composed, decomposed = "caf\u00e9.txt", "cafe\u0301.txt"
    api.files.query(project=client.PROJECT, names=[decomposed])[0].delete()
    file = api.files.query(project=client.PROJECT, names=[composed])[0]
    file.name = decomposed
    file.save()
    client.check(api.files.get(file.id).name, decomposed, "name after renaming to other bytes of the same letters")
    client.check(len(api.files.query(project=client.PROJECT, names=[composed])), 0, "files of the old name")


def refuse(api, folder):
    path = os.path.join(folder, "source")
    client.errors_of_threads()
    for name in ["a/b", ".", "..", "a\nb", "nul\0", "x" * 256]:
        api.refusals.clear()
        transfer = api.files.upload(path, project=client.PROJECT, file_name=name)
        client.check(transfer.status, "FAILED", f"status of an upload named {name!r}")
        client.check(api.refusals, [("POST", 400, 8013)], f"refusal of the name {name!r}")


if __name__ == "__main__":
    main()
