"""Reads lists of more than 250 files with the Python client, by offset and by token."""

from sevenbridges import Api
from sevenbridges.errors import PaginationError

PROJECT = "admin/uploads"
COUNT = 260
api = Api()

started = api.post("/upload/multipart", data={"project": PROJECT, "name": "000", "size": 0}).json()
original = api.post(f"/upload/multipart/{started['upload_id']}/complete").json()
file = api.files.get(original["id"])
expected = ["000"] + [file.copy(PROJECT, name=f"{number:03}").name for number in range(1, COUNT)]


def names(files):
    return [entry.name for entry in files]


# By offset: all of them, and page by page in both directions.
for limit in (None, 1, 7, 50, 100, 1000):
    found = api.files.query(project=PROJECT, limit=limit)
    assert found.total == COUNT, found.total
    if limit != 1:
        assert names(found.all()) == expected, limit
assert names(api.files.query(project=PROJECT, offset=250).all()) == expected[250:]
page = api.files.query(project=PROJECT, limit=100)
assert names(page) == expected[:100]
page = page.next_page()
assert names(page) == expected[100:200]
last = page.next_page()
assert names(last) == expected[200:]
try:
    last.next_page()
    raise AssertionError("there is no further page")
except PaginationError:
    pass
assert names(last.previous_page()) == expected[100:200]

# By token.
for limit in (None, 7, 100):
    found = api.files.query(project=PROJECT, cont_token="init", limit=limit)
    assert found.total == COUNT, found.total
    assert names(found.all()) == expected, limit
    assert all(entry.size == 0 for entry in found)
root = api.projects.get(PROJECT).root_folder
assert names(api.files.query(parent=root, cont_token="init", limit=90).all()) == expected
assert names(api.files.get(root).list_files(cont_token="init", limit=90).all()) == expected
assert names(api.files.get(root).list_files(limit=90).all()) == expected
some = api.files.query(project=PROJECT, cont_token="init", limit=2, names=["005", "100", "200", "nope"])
assert names(some.all()) == ["005", "100", "200"] and some.total == 3

# A page that was shown may go while the rest is read.
page = api.files.query(project=PROJECT, cont_token="init", limit=60)
seen = []
while True:
    seen += names(page)
    assert all(record.valid for record in api.files.bulk_delete(list(page)))
    try:
        page = page.next_page()
    except PaginationError:
        break
assert seen == expected
assert api.files.query(project=PROJECT).total == 0
