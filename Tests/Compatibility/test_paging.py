"""Lists of more than 250 files, read by offset and by token."""

import pytest
from pytest_check import check
from sevenbridges.errors import PaginationError

COUNT = 260

# Most of the time is spent creating files, and these tests do not need durability.
pytestmark = pytest.mark.server("--durability", "os")


@pytest.fixture
def expected(api, project):
    """The names of all files of the project, in order."""
    started = api.post("/upload/multipart", data={"project": project, "name": "000", "size": 0}).json()
    original = api.post(f"/upload/multipart/{started['upload_id']}/complete").json()
    file = api.files.get(original["id"])
    return ["000"] + [file.copy(project, name=f"{number:03}").name for number in range(1, COUNT)]


def names(files):
    return [entry.name for entry in files]


def test_by_offset(api, project, expected):
    for limit in (None, 1, 7, 50, 100, 1000):
        found = api.files.query(project=project, limit=limit)
        check.equal(found.total, COUNT, f"total with limit {limit}")
        if limit != 1:
            check.equal(names(found.all()), expected, f"all files with limit {limit}")
    check.equal(names(api.files.query(project=project, offset=250).all()), expected[250:], "from an offset")
    first = api.files.query(project=project, limit=100)
    check.equal(names(first), expected[:100], "first page")
    second = first.next_page()
    check.equal(names(second), expected[100:200], "second page")
    last = second.next_page()
    check.equal(names(last), expected[200:], "last page")
    with pytest.raises(PaginationError):
        last.next_page()
    check.equal(names(last.previous_page()), expected[100:200], "back to the second page")


def test_by_token(api, project, expected):
    for limit in (None, 7, 100):
        found = api.files.query(project=project, cont_token="init", limit=limit)
        check.equal(found.total, COUNT, f"total with limit {limit}")
        check.equal(names(found.all()), expected, f"all files with limit {limit}")
        check.is_true(all(entry.size == 0 for entry in found), f"sizes with limit {limit}")
    root = api.projects.get(project).root_folder
    by_query = api.files.query(parent=root, cont_token="init", limit=90)
    check.equal(names(by_query.all()), expected, "query by parent")
    check.equal(names(api.files.get(root).list_files(cont_token="init", limit=90).all()), expected, "by the folder")
    check.equal(names(api.files.get(root).list_files(limit=90).all()), expected, "by the folder, with offsets")
    some = api.files.query(project=project, cont_token="init", limit=2, names=["005", "100", "200", "nope"])
    check.equal((names(some.all()), some.total), (["005", "100", "200"], 3), "query by names")


def test_pages_that_were_read_may_be_deleted_while_the_rest_is_read(api, project, expected):
    page = api.files.query(project=project, cont_token="init", limit=60)
    seen = []
    while True:
        seen += names(page)
        check.is_true(all(record.valid for record in api.files.bulk_delete(list(page))), "bulk_delete")
        try:
            page = page.next_page()
        except PaginationError:
            break
    check.equal(seen, expected, "names of the files that were read")
    check.equal(api.files.query(project=project).total, 0, "remaining files")
