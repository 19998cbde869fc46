"""File names that are difficult in paths, queries, JSON or file systems are stored, found and returned unchanged."""

from pytest_check import check

from support.client import download, upload, write_random

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
REFUSED = ["a/b", ".", "..", "a\nb", "nul\0", "x" * 256]


def send(api, project, folder, name):
    """Uploads a small file, and returns its id and the SHA-256 of its bytes."""
    sent = write_random(folder / "source", 100, seed=name)
    file = upload(api, folder / "source", project=project, file_name=name)
    check.equal(file.name, name, "name in the response to complete")
    return file.id, sent


def names(files):
    return sorted(file.name for file in files)


def test_any_name_is_kept_found_and_served(api, project, tmp_path):
    created = [send(api, project, tmp_path, name) for name in NAMES]
    for name, (file_id, sent) in zip(NAMES, created):
        found = api.files.query(project=project, names=[name])
        check.equal([(file.id, file.name) for file in found], [(file_id, name)], "query by name")
        check.equal(api.files.get(file_id).name, name, "name in the details")
        check.equal(download(found[0], tmp_path / "back"), sent, f"content of {name!r}")
    check.equal(names(api.files.query(project=project, limit=100).all()), sorted(NAMES), "all names")
    check.equal(names(api.files.query(project=project, names=NAMES[:5])), sorted(NAMES[:5]), "query by five names")
    check.equal(len(api.files.query(project=project, names=[])), 0, "query by an empty list of names")
    check.equal(api.refusals, [], "refused calls")


def test_renaming_to_other_bytes_of_the_same_letters(api, project, tmp_path):
    composed, decomposed = "caf\u00e9.txt", "cafe\u0301.txt"
    send(api, project, tmp_path, composed)
    file = api.files.query(project=project, names=[composed])[0]
    file.name = decomposed
    file.save()
    check.equal(api.files.get(file.id).name, decomposed, "new name")
    check.equal(len(api.files.query(project=project, names=[composed])), 0, "files of the old name")


def test_names_that_no_file_may_have_are_refused(api, project, tmp_path, thread_errors):
    write_random(tmp_path / "source", 100, seed=1)
    for name in REFUSED:
        api.refusals.clear()
        transfer = api.files.upload(str(tmp_path / "source"), project=project, file_name=name)
        check.equal(transfer.status, "FAILED", f"status of an upload named {name!r}")
        check.equal(api.refusals, [("POST", 400, 8013)], f"refusal of the name {name!r}")
