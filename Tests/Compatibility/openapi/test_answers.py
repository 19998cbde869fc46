"""The server returns every status and code in docs/openapi.yaml, with matching bodies and headers, and no others.

The tests fill one server and run in order, in one process (pytest-xdist: `--dist loadfile`). The last test reports
documented statuses and codes that were never returned.
"""

import base64
import contextlib
import gzip
import hashlib
import io
import json
import sqlite3
import tarfile

import pytest
from pytest_check import check

from support import api_document
from support.caller import PACKAGES
from support.checked_caller import CheckedCaller, Recorder, fill
from support.server import eventually, running_server

pytestmark = pytest.mark.own_server


@pytest.fixture(scope="module")
def recorder():
    return Recorder()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    # The tests make every call once with an invalid token.
    limits = ["--failed-authentication-limit", "1000/5m"]
    arguments = ["--min-part-size", "1", "--max-file-put", "8MiB", *limits]
    with running_server(tmp_path_factory.mktemp("server"), arguments=arguments) as server:
        yield server


@pytest.fixture(scope="module")
def admin(server, recorder):
    """Calls as the owner of the project admin/uploads."""
    return CheckedCaller(server.endpoint, server.token, recorder)


@pytest.fixture(scope="module")
def rosalind(server, recorder):
    """Calls as a user who may at most read and copy."""
    return CheckedCaller(server.endpoint, server.add_user("rosalind"), recorder)


@pytest.fixture(scope="module")
def nobody(server, recorder):
    """Calls as a user who is not a member of any project."""
    return CheckedCaller(server.endpoint, server.add_user("nobody"), recorder)


def test_refusals_of_all_calls(server, admin, recorder):
    origin = server.origin
    stranger = CheckedCaller(server.endpoint, "nobody's", recorder)
    recorder.everywhere(lambda method, path, _: stranger.send_to(method, origin + path, 401), without_token=False)
    long_head = {"X-Long": "x" * 40_000}
    recorder.everywhere(lambda method, path, _: admin.send_to(method, origin + path, 431, headers=long_head))
    too_long = b" " * (9 << 20)

    def send_bodies(method, path, operation):
        if "413" in operation["responses"] and not path.startswith("/storage"):
            admin.send_to(method, origin + path + "?project=admin/uploads&name=a", 413, data=too_long)
        if "application/json" in operation.get("requestBody", {}).get("content", {}) and path.startswith("/v2"):
            admin.send_to(method, origin + path, 415, data=b"a", headers={"Content-Type": "text/plain"})

    recorder.everywhere(send_bodies)
    for method, path, operation in recorder.document.operations():
        # An invalid body is refused before an invalid path, so the body must be valid.
        body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("example")
        for text, status in (("%00", 400), ("%ff", 404), ("%2F", 400)):
            if "{" in path and path.startswith("/v2") and (text != "%2F" or "{owner}" in path):
                url = origin + fill(path, text)
                admin.send_to(method, url, status, **({} if body is None else {"json": body}))


def test_server_and_users(server, admin, rosalind):
    for _ in range(2):
        admin.call("GET", "/", status=200)
    text = admin.call("GET", "/openapi.yaml", status=200).content
    check.is_true(text == api_document.PATH.read_bytes(), "GET /openapi.yaml is docs/openapi.yaml")
    admin.send_to("GET", server.origin + "/healthz", 200)
    # The server returns 503 until it has checked the stores for the first time.
    eventually(lambda: admin.send_to("GET", server.origin + "/readyz").status_code == 200, "/readyz returns 200")
    admin.call("GET", "/rate_limit", status=200)
    for query in ("", "?fields=username", "?fields=!email", "?fields=_all"):
        admin.call("GET", "/user" + query, status=200)
    admin.call("GET", "/users/admin", status=200)
    for query in ("", "?limit=1", "?limit=1&offset=1", "?fields=username", "?role=ADMIN", "?fields=_all"):
        admin.call("GET", "/users" + query, status=200)
    admin.refused(400, 90000, "GET", "/users?role=x")
    rosalind.refused(403, 2001, "GET", "/users")
    admin.call("GET", "/users/rosalind", status=200)
    rosalind.refused(403, 2001, "GET", "/users/admin")
    admin.refused(404, 2002, "GET", "/users/none")
    admin.refused(404, 90003, "GET", "/users/%ff")
    admin.refused(400, 90000, "GET", "/users/%00")


def test_parts_of_the_platform(admin):
    group = admin.call("GET", "/billing/groups", status=200).json()["items"][0]["id"]
    for query in ("?fields=_all", "?fields=balance.amount", "?offset=1", "?limit=1"):
        admin.call("GET", "/billing/groups" + query, status=200)
    for query in ("", "?fields=id"):
        admin.call("GET", f"/billing/groups/{group}{query}", status=200)
    admin.refused(404, 90003, "GET", "/billing/groups/none")
    for path in ("/tasks", "/apps"):
        for query in ("", "?project=admin/uploads&limit=1&offset=7"):
            admin.call("GET", path + query, status=200)
    for path in ("/billing/groups", "/tasks", "/apps"):
        admin.refused(400, 90000, "GET", path + "?limit=0")
    admin.refused(501, 90010, "POST", "/files/search", {"query": "IN admin/uploads"})
    admin.refused(501, 90010, "POST", "/bulk/files/copy", {"items": []})


def test_projects_and_members(admin, rosalind, nobody):
    created = admin.create("/projects", {"name": "Golden", "tags": ["a"], "settings": {"locked": False}}, 201)
    home = "/projects/" + created["id"]
    for path in ("/projects", "/projects/admin", home + "/members"):
        for query in (
            "?limit=1", "?offset=1&limit=1", "?fields=_all", "?fields=name, permissions.read", "?limit=100&offset=7",
        ):
            admin.call("GET", path + query, status=200)
        admin.refused(400, 90000, "GET", path + "?limit=0")
    admin.refused(404, 90003, "GET", "/projects/%ff")
    for body, code in (
        ({}, 3007), ({"name": " "}, 3007), ({"name": "a", "billing_group": "x"}, 90000), ({"name": 1}, 90000),
    ):
        admin.refused(400, code, "POST", "/projects", body)
    admin.call("POST", "/projects?fields=id", {"name": "Fields"}, 201)
    for query in ("", "?fields=permissions.write", "?fields=!settings", "?fields=settings.locked"):
        admin.call("GET", home + query, status=200)
    nobody.refused(404, 3002, "GET", home)
    admin.refused(400, 90000, "GET", "/projects/admin/%00")
    admin.create(home + "/members", {"username": "rosalind", "permissions": {"copy": True}}, 201)
    for method in ("PATCH", "PUT"):
        admin.call(method, home, {"description": "d", "name": "Golden 2"}, 200)
        admin.call(method, home, status=200)
        admin.refused(400, 3007, method, home, {"name": ""})
        admin.refused(400, 90000, method, home, {"tags": [[]]})
        admin.refused(400, 90000, method, home, {"category": "PUBLIC"})
        rosalind.refused(403, 3001, method, home, {})
        nobody.refused(404, 3002, method, home, {})
    members(admin, rosalind, nobody, home)
    rosalind.refused(403, 3001, "DELETE", home)
    admin.refused(400, 90000, "DELETE", "/projects/admin/%00")
    admin.call("DELETE", home, status=204)
    admin.refused(404, 3002, "DELETE", home)


def members(admin, rosalind, nobody, home):
    path = home + "/members"
    nobody.refused(404, 3002, "GET", path)
    for body, status, code in (
        ({}, 400, 3005), ({"username": "nobody", "type": "TEAM"}, 400, 90000), ({"username": "none"}, 404, 2002),
        ({"email": "a@b.c"}, 404, 2002), ({"username": "rosalind"}, 409, 3003),
    ):
        admin.refused(status, code, "POST", path, body)
    rosalind.refused(403, 3001, "POST", path, {"username": "nobody"})
    nobody.refused(404, 3002, "POST", path, {"username": "nobody"})
    one = path + "/rosalind"
    for query in ("", "?fields=permissions.copy", "?fields=id"):
        admin.call("GET", one + query, status=200)
        admin.call("GET", one + "/permissions" + query, status=200)
    for name, status, code in (("nobody", 404, 3002), ("%00", 400, 90000)):
        admin.refused(status, code, "GET", f"{path}/{name}")
        admin.refused(status, code, "GET", f"{path}/{name}/permissions")
        admin.refused(status, code, "DELETE", f"{path}/{name}")
    everything = {"read": True, "copy": True, "write": False, "execute": False, "admin": False}
    admin.call("PATCH", one + "/permissions", {"copy": False}, 200)
    admin.call("PUT", one + "/permissions", everything, 200)
    admin.refused(400, 3011, "PATCH", one + "/permissions", {})
    admin.refused(400, 3013, "PUT", one + "/permissions", {"read": True})
    for method in ("PATCH", "PUT"):
        admin.refused(404, 3002, method, path + "/nobody/permissions", everything)
        rosalind.refused(403, 3001, method, one + "/permissions", everything)
    admin.create(path, {"username": "nobody"}, 201)
    rosalind.refused(403, 3001, "DELETE", path + "/nobody")
    nobody.call("DELETE", path + "/nobody", status=204)


@pytest.fixture(scope="module")
def copier(admin, rosalind):
    """Rosalind, as a member of admin/uploads who may read and copy."""
    admin.create("/projects/admin/uploads/members", {"username": "rosalind", "permissions": {"copy": True}}, 201)
    return rosalind


def test_files(admin, copier, nobody):
    rosalind = copier
    root = admin.call("GET", "/projects/admin/uploads").json()["root_folder"]
    file = admin.upload("golden.bin", b"golden")
    taken = admin.upload("taken.bin", b"", md5=hashlib.md5(b"").hexdigest())
    folder = admin.folder("golden")
    inner = admin.folder("inner", parent=folder)
    lists(admin, nobody, root, file, folder)
    for path in (f"/files/{file}", f"/files/{folder}", f"/files/{root}"):
        for query in ("", "?fields=metadata.a,checksums.md5", "?fields=!tags", "?fields=storage.type"):
            admin.call("GET", path + query, status=200)
    new_folder = {"name": "golden", "type": "folder", "project": "admin/uploads"}
    for change, status, code in (
        ({"type": "file"}, 400, 5012), ({"name": "__a"}, 400, 5024), ({"project": "x"}, 400, 5005),
        ({"project": None}, 400, 5029),
        ({"parent": folder}, 400, 5031), ({"project": None, "parent": file}, 400, 5022), ({"name": 1}, 400, 90000),
        ({"project": "admin/none"}, 404, 3002), ({"project": None, "parent": "none"}, 404, 5026), ({}, 409, 5030),
        ({"name": "taken.bin"}, 409, 5003),
    ):
        admin.refused(status, code, "POST", "/files", new_folder | change)
    rosalind.refused(403, 5001, "POST", "/files", new_folder | {"name": "b"})
    for method in ("PATCH", "PUT"):
        path = f"/files/{file}"
        admin.call(method, path, {"metadata": {"a": 1, "b": None}, "tags": ["x"]}, 200)
        admin.call(method, path, status=200)
        for body, status, code in (
            ({"metadata": {"": "a"}}, 400, 5006), ({"name": "/"}, 400, 5024), ({"tags": "a"}, 400, 90000),
            ({"name": "taken.bin"}, 409, 5003),
            ({"name": "golden"}, 409, None),
        ):
            if code:
                admin.refused(status, code, method, path, body)
            else:
                admin.call(method, path, body, status)
        admin.refused(400, 5023, method, f"/files/{folder}", {"name": "b"})
        rosalind.refused(403, 5008, method, path, {"name": "b"})
        nobody.refused(404, 5002, method, path, {"name": "b"})
        admin.call(method, path + "/metadata", {"a": "b"}, 200)
        admin.refused(400, 5006, method, path + "/metadata", [1])
        admin.refused(400, 5025, method, f"/files/{folder}/metadata", {})
        rosalind.refused(403, 5009, method, path + "/metadata", {})
        nobody.refused(404, 5002, method, path + "/metadata", {})
    admin.call("GET", path + "/metadata", status=200)
    admin.call("PUT", path + "/tags", ["a", "b"], 200)
    admin.refused(400, 90000, "PUT", path + "/tags", {})
    admin.refused(400, 5027, "PUT", f"/files/{folder}/tags", [])
    rosalind.refused(403, 5011, "PUT", path + "/tags", [])
    admin.refused(404, 5002, "PUT", "/files/none/tags", [])
    downloads(admin, nobody, file, folder)
    moves(admin, rosalind, root, file, folder, inner)
    many(admin, rosalind, file)
    for path in ("%00", "%00/metadata", "%00/list", "%00/scroll", "%00/download_info", "%00/archive_info"):
        admin.refused(400, 90000, "GET", "/files/" + path)
    for path in ("none", "none/metadata", "none/list", "none/scroll", "none/download_info", "none/archive_info"):
        admin.refused(404, 5002, "GET", "/files/" + path)
    admin.refused(400, 5021, "DELETE", f"/files/{folder}")
    admin.refused(400, 5023, "DELETE", f"/files/{root}")
    rosalind.refused(403, 5001, "DELETE", f"/files/{taken}")
    admin.call("DELETE", f"/files/{taken}", status=204)
    admin.refused(404, 5002, "DELETE", f"/files/{taken}")


def lists(admin, nobody, root, file, folder):
    for path in (
        "/files?project=admin/uploads", f"/files?parent={root}", "/projects/admin/uploads/files?",
        f"/files/{root}/list?",
    ):
        for query in (
            "", "limit=1", "limit=1&offset=1", "fields=_all", "fields=name, metadata.a", "name=&tag=a&metadata.a=b",
        ):
            admin.call("GET", f"{path}&{query}", status=200)
        admin.refused(400, 90000, "GET", path + "&offset=-1")
    for path in ("/files/scroll?project=admin/uploads", f"/files/{root}/scroll?"):
        admin.call("GET", path, status=200)
        admin.refused(400, 90000, "GET", path + "&token=x")
        page = admin.call("GET", path + "&token=init&limit=1&fields=id", status=200).json()
        admin.call("GET", page["links"][0]["href"].removeprefix(admin.endpoint), status=200)
    for path in ("/files", "/files/scroll"):
        for query, status, code in (
            ("", 400, 5029), ("project=a", 400, 5005), (f"project=a/b&parent={folder}", 400, 5031),
            (f"parent={file}", 400, 5022),
            ("project=admin/none", 404, 3002), ("parent=none", 404, 5002),
        ):
            admin.refused(status, code, "GET", f"{path}?{query}")
    for name in ("list", "scroll"):
        admin.refused(400, 5022, "GET", f"/files/{file}/{name}")
    nobody.refused(404, 3002, "GET", "/projects/admin/uploads/files")


def downloads(admin, nobody, file, folder):
    url = admin.call("GET", f"/files/{file}/download_info", status=200).json()["url"]
    admin.refused(400, 5017, "GET", f"/files/{folder}/download_info")
    reading = admin.create("/projects", {"name": "Read only"}, 201)["id"]
    admin.create(f"/projects/{reading}/members", {"username": "nobody"}, 201)
    other = admin.upload("a", b"a", project=reading)
    nobody.refused(403, 5001, "GET", f"/files/{other}/download_info")
    nobody.refused(403, 5014, "POST", f"/files/{other}/actions/copy", {"project": reading})
    nobody.refused(403, 5014, "POST", "/action/files/copy", {"project": reading, "file_ids": []})
    for method in ("GET", "HEAD"):
        etag = admin.send_to(method, url, 200).headers["ETag"]
        admin.send_to(method, url, 206, headers={"Range": "bytes=1-2"})
        admin.send_to(method, url, 304, headers={"If-None-Match": etag})
        admin.send_to(method, url, 412, headers={"If-Match": '"other"'})
        admin.send_to(method, url, 416, headers={"Range": "bytes=99-"})
        admin.send_to(method, url.replace("signature=", "signature=0"), 403)
    gone = admin.upload("gone", b"gone")
    url = admin.call("GET", f"/files/{gone}/download_info", status=200).json()["url"]
    admin.call("DELETE", f"/files/{gone}", status=204)
    for method in ("GET", "HEAD"):
        admin.send_to(method, url, 404)


def test_folder_levels(admin):
    """Folders have at most 200 levels."""
    # In a separate project, because archives of deep folders are refused.
    project = admin.create("/projects", {"name": "levels"}, 201)["id"]
    deepest = admin.folder("level 1", project=project)
    for level in range(2, 201):
        deepest = admin.folder(f"level {level}", parent=deepest)
    body = {"name": "level 201", "parent": deepest, "type": "FOLDER"}
    admin.refused(409, 90007, "POST", "/files", body)
    other = admin.folder("to nest", project=project)
    admin.refused(409, 90007, "POST", f"/files/{other}/actions/move", {"parent": deepest})
    admin.call("DELETE", f"/projects/{project}", status=204)


def test_folder_downloads(admin, nobody):
    folder = admin.folder("to archive")
    file = admin.upload("a", b"abc", parent=folder)
    for query, status in (("", 206), ("?format=zip", 200)):
        info = admin.call("GET", f"/files/{folder}/archive_info{query}", status=200).json()
        url = info["url"]
        for method in ("GET", "HEAD"):
            whole = admin.send_to(method, url, 200)
            check.equal(int(whole.headers["Content-Length"]), info["size"])
            admin.send_to(method, url, status, headers={"Range": "bytes=1-2"})
            admin.send_to(method, url, 304, headers={"If-None-Match": whole.headers["ETag"]})
            admin.send_to(method, url, 412, headers={"If-Match": '"other"'})
            admin.send_to(method, url, 416 if status == 206 else 200, headers={"Range": "bytes=999999-"})
            admin.send_to(method, url.replace("signature=", "signature=0"), 403)
    admin.refused(400, 90000, "GET", f"/files/{folder}/archive_info?format=rar")
    admin.refused(400, 5022, "GET", f"/files/{file}/archive_info")
    reading = admin.create("/projects", {"name": "Only to read"}, 201)
    admin.create(f"/projects/{reading['id']}/members", {"username": "nobody"}, 201)
    nobody.refused(403, 5001, "GET", f"/files/{reading['root_folder']}/archive_info")
    admin.call("DELETE", f"/files/{file}", status=204)
    for method in ("GET", "HEAD"):
        admin.send_to(method, url, 412)
    url = admin.call("GET", f"/files/{folder}/archive_info", status=200).json()["url"]
    admin.call("DELETE", f"/files/{folder}", status=204)
    for method in ("GET", "HEAD"):
        admin.send_to(method, url, 404)


def test_drs(server, admin, nobody, recorder):
    objects = server.origin + "/ga4gh/drs/v1/objects/"
    admin.send_to("GET", server.origin + "/ga4gh/drs/v1/service-info", 200)
    folder = admin.folder("bundle")
    inner = admin.folder("inner", parent=folder)
    file = admin.upload("a", b"abc", parent=inner)
    for path in (file, folder, folder + "?expand=true"):
        admin.send_to("GET", objects + path, 200)
    admin.send_to("GET", f"{objects}{file}/access/https", 200)
    for path, status in (
        (f"{file}/access/none", 404), (f"{folder}/access/https", 404), ("none", 404), ("none/access/https", 404),
        ("%ff", 404), ("%00", 400), ("%00/access/https", 400),
    ):
        admin.send_to("GET", objects + path, status)
    nobody.send_to("GET", objects + file, 404)
    reading = admin.create("/projects", {"name": "Objects to read"}, 201)["id"]
    admin.create(f"/projects/{reading}/members", {"username": "nobody"}, 201)
    other = admin.upload("a", b"a", project=reading)
    nobody.send_to("GET", objects + other, 200)
    nobody.send_to("GET", f"{objects}{other}/access/https", 403)
    uploading = admin.create("/tokens", {"scope": "upload"}, 201)["token"]
    CheckedCaller(server.endpoint, uploading, recorder).send_to("GET", objects + file, 403)


def test_files_in_one_call(server, admin, copier):
    folder = admin.folder("one call")
    admin.upload("one call.bin", b"a")

    def put(change, status, code=None, caller=admin, data=b"abc", **headers):
        query = {"project": "admin/uploads", "name": "one call.bin"} | change
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = caller.call("PUT", "/files/content", status=status, params=query, data=data, headers=headers)
        if code is not None:
            check.equal(answer.json().get("code"), code, f"{change}: {answer.text[:300]}")
        return answer

    labels = '{"metadata": {"a": 1, "b": null}, "tags": ["x"]}'
    md5 = "kAFQmDzST7DWlj99KOF/cg=="
    other = put({"name": "labels.bin"}, 201, X_Pontoon_Labels=labels, Content_MD5=md5).json()["id"]
    put({"project": None, "parent": folder, "name": "empty.bin"}, 201, data=b"")
    for rule, status in (("skip", 200), ("overwrite", 201), ("rename", 201)):
        put({"on_conflict": rule}, status)
    for change, status, code in (
        ({"name": None}, 400, 8013), ({"name": "/"}, 400, 8013), ({"on_conflict": "x"}, 400, 8013),
        ({"parent": folder}, 400, 8013), ({"project": "x"}, 400, 8010),
        ({"project": None, "parent": other}, 400, 5022), ({"project": "admin/\0"}, 400, 90000),
        ({"project": "admin/none"}, 404, 3002), ({"project": None, "parent": "none"}, 404, 5026), ({}, 409, 8005),
        ({"name": "one call"}, 409, 5030), ({"name": "n" * 255}, 201, None),
        ({"name": "n" * 255, "on_conflict": "rename"}, 400, 5024),
    ):
        put(change, status, code)
    new = {"name": "another.bin"}
    put(new, 400, 8013, X_Pontoon_Labels="{")
    put(new, 400, 5006, X_Pontoon_Labels='{"metadata": {"": "a"}}')
    put(new, 400, 90000, X_Pontoon_Labels='{"tags": [""]}')
    put(new, 400, 90000, Content_MD5="AAAAAAAAAAAAAAAAAAAAAA==")
    put(new, 403, 8002, caller=copier)
    server.administer("quota", "set", "project", "admin/uploads", "--files", "0")
    put(new, 409, 90007)
    server.administer("quota", "set", "project", "admin/uploads", "--files", "default")


def archive(*names, content=b"abc"):
    """Returns a tar archive of files with the same content."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w") as tar:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return target.getvalue()


def test_archives(server, admin, copier):
    def put(change, status, code=None, caller=admin, data=archive("tree/a", "tree/b"), **headers):
        query = {"project": "admin/uploads"} | change
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = caller.call("POST", "/upload/archive", status=status, params=query, data=data, headers=headers)
        if code is not None:
            check.equal(answer.json().get("code"), code, f"{change}: {answer.text[:300]}")
        return answer

    folder = admin.folder("for archives")
    file = admin.upload("file beside archives", b"a")
    lines = [json.loads(line) for line in put({}, 200).text.splitlines()]
    check.equal(lines[-1], {"summary": {"bytes": 6, "failed": 0, "files": 2, "folders": 0}})
    put({"project": None, "parent": folder}, 200, data=gzip.compress(archive("a")), Content_Encoding="gzip")
    for rule in ("fail", "skip", "overwrite", "rename"):
        put({"on_conflict": rule}, 200)
    put({}, 200, data=b"no archive")
    for change, status, code in (
        ({"on_conflict": "x"}, 400, 8013), ({"parent": folder}, 400, 8013), ({"project": "x"}, 400, 8010),
        ({"project": None, "parent": file}, 400, 5022), ({"project": "admin/\0"}, 400, 90000),
        ({"project": "admin/none"}, 404, 3002), ({"project": None, "parent": "none"}, 404, 5026),
    ):
        put(change, status, code)
    put({}, 403, 8002, caller=copier)
    put({}, 415, 90008, Content_Encoding="br")


def test_damaged_files(server, admin, copier, nobody):
    """Changes the stored bytes of a file, and makes the server read them again."""
    content = b"bytes that no other file has"
    file = admin.upload("damaged", content)
    url = admin.call("GET", f"/files/{file}/download_info", status=200).json()["url"]
    root = admin.call("GET", "/projects/admin/uploads").json()["root_folder"]
    archive_url = admin.call("GET", f"/files/{root}/archive_info", status=200).json()["url"]
    stored = [path for path in (server.data / "objects" / "files").glob("*/*") if path.read_bytes() == content]
    stored[0].write_bytes(content.swapcase())
    verify = f"/files/{file}/actions/verify"
    for query in ("", "?fields=checksums"):
        admin.call("POST", verify + query, status=202)

    def state():
        return admin.call("GET", f"/files/{file}", status=200).json()["checksums"].get("state")

    eventually(lambda: state() == "damaged", "the server has read the file")
    admin.refused(410, 5002, "GET", f"/files/{file}/download_info")
    admin.refused(410, 5002, "GET", f"/files/{root}/archive_info")
    admin.send_to("GET", f"{server.origin}/ga4gh/drs/v1/objects/{file}/access/https", 410)
    for method in ("GET", "HEAD"):
        admin.send_to(method, url, 410)
        admin.send_to(method, archive_url, 410)
    admin.refused(400, 5017, "POST", f"/files/{root}/actions/verify")
    admin.refused(400, 90000, "POST", "/files/%00/actions/verify")
    nobody.refused(404, 5002, "POST", verify)
    admin.call("PUT", "/projects/admin/uploads/members/rosalind/permissions", {
        "read": True, "copy": False, "write": False, "execute": False, "admin": False,
    }, 200)
    copier.refused(403, 5001, "POST", verify)


def moves(admin, rosalind, root, file, folder, inner):
    copy, move = f"/files/{file}/actions/copy", f"/files/{file}/actions/move"
    admin.call("POST", copy, {"parent": folder}, 200)
    admin.call("POST", copy + "?fields=id", {"project": "admin/uploads", "name": "copy.bin"}, 200)
    for body, status, code in (
        ({}, 400, 5029), ({"project": "x"}, 400, 5005), ({"project": "admin/uploads", "parent": folder}, 400, 5031),
        ({"parent": file}, 400, 5022),
        ({"parent": folder, "name": "/"}, 400, 5024), ({"parent": 1}, 400, 90000), ({"parent": "none"}, 404, 5026),
        ({"project": "admin/none"}, 404, 3002),
        ({"parent": folder}, 409, 5003),
    ):
        admin.refused(status, code, "POST", copy, body)
    admin.refused(400, 5018, "POST", f"/files/{folder}/actions/copy", {"project": "admin/uploads"})
    admin.refused(404, 5002, "POST", "/files/none/actions/copy", {"project": "admin/uploads"})
    admin.call("POST", move, {"parent": root, "name": "moved.bin"}, 200)
    elsewhere = admin.create("/projects", {"name": "Elsewhere"}, 201)["root_folder"]
    for body, status, code in (
        ({}, 400, 5029), ({"parent": elsewhere}, 400, 5015), ({"parent": file}, 400, 5022),
        ({"parent": folder, "name": "/"}, 400, 5024),
        ({"parent": 1}, 400, 90000), ({"parent": "none"}, 404, 5026),
        ({"parent": folder, "name": "golden.bin"}, 409, 5003),
    ):
        admin.refused(status, code, "POST", move, body)
    admin.refused(400, 5023, "POST", f"/files/{root}/actions/move", {"parent": folder})
    admin.refused(400, 5033, "POST", f"/files/{folder}/actions/move", {"parent": inner})
    rosalind.refused(403, 5032, "POST", move, {"parent": folder})
    admin.refused(404, 5002, "POST", "/files/none/actions/move", {"parent": folder})


def many(admin, rosalind, file):
    copy = "/action/files/copy"
    admin.call("POST", copy, {"project": "admin/uploads", "file_ids": [file, "none"]}, 200)
    for body, status, code in (
        ({}, 400, 5029), ({"project": "x"}, 400, 5005), ({"project": "admin/uploads"}, 400, 90000),
        ({"project": "admin/none", "file_ids": []}, 404, 3002),
    ):
        admin.refused(status, code, "POST", copy, body)
    for name in ("get", "update", "edit", "delete"):
        field = "items" if name in ("update", "edit") else "file_ids"
        ids = [file, "none", 1]
        if name == "delete":
            ids = ["none", admin.upload("many.bin", b"many")]
        elements = [{"id": entry} for entry in ids] + [1] if field == "items" else ids
        admin.call("POST", f"/bulk/files/{name}", {field: elements}, 200)
        admin.refused(400, 90000, "POST", f"/bulk/files/{name}", {})
    admin.call("POST", "/bulk/files/get?fields=name", {"file_ids": [file]}, 200)


def test_jobs(admin, copier, nobody):
    rosalind = copier
    root = admin.call("GET", "/projects/admin/uploads").json()["root_folder"]
    folder = admin.folder("jobs")
    inner, file = admin.folder("inner", parent=folder), admin.upload("job.bin", b"job", parent=folder)
    target, place = admin.folder("job target"), {"project": "admin/uploads"}
    for kind, own_parent, into_itself, of_root in (("copy", 57009, 57010, 57020), ("move", 57011, 57012, 57022)):
        for item, code in (
            ({"file": "\0"} | place, 90000), (place, 57002), ({"file": file}, 57003),
            ({"file": file, "parent": folder}, own_parent), ({"file": folder, "parent": inner}, into_itself),
            ({"file": file, "name": "/"} | place, 57018), ({"file": inner, "name": "__a"} | place, 57019),
            ({"file": root, "parent": inner}, of_root), ({"file": inner, "parent": file}, 57021), (1, 57429),
        ):
            admin.refused(400, code, "POST", f"/async/files/{kind}", {"items": [item]})
        admin.refused(400, 57008, "POST", f"/async/files/{kind}", {"items": [{"file": file} | place] * 2})
    for item, code in (({"file": "\0"}, 90000), ({"file": root}, 5023), ({}, 57002), (1, 57429)):
        admin.refused(400, code, "POST", "/async/files/delete", {"items": [item]})
    admin.refused(400, 57008, "POST", "/async/files/delete", {"items": [{"file": file}] * 2})
    doomed = admin.upload("doomed job.bin", b"x", parent=target)
    for kind, items in (
        ("copy", [{"file": folder, "parent": target}, {"file": doomed} | place]),
        ("move", [{"file": folder, "parent": target, "name": "moved"}]),
        ("delete", [{"file": target}, {"file": doomed}]),
    ):
        path = f"/async/files/{kind}"
        rosalind.refused(403, 57431, "POST", path, {"items": [{"file": doomed, "parent": target}]})
        admin.refused(404, 57432, "POST", path, {"items": [{"file": "none"} | place]})
        job = f"{path}/{admin.create(path, {'items': items}, 201)['id']}"
        eventually(lambda: admin.call("GET", job, status=200).json()["state"] == "FINISHED", "the job is finished")
        result = admin.call("GET", job, status=200).json()["result"]
        # For a deletion, the first item is the folder that contains the second item, so the second item fails.
        expected = ["resource", "error" if kind == "delete" else "resource"][: len(items)]
        check.equal([name for entry in result for name in entry], expected, kind)
        for query in ("?fields=state", "?fields=!result", "?fields=_all"):
            admin.call("GET", job + query, status=200)
        nobody.refused(404, 57039, "GET", job)
        admin.refused(404, 90003, "GET", path + "/%ff")
        admin.refused(400, 90000, "GET", path + "/%00")
    survivor = {"file": admin.upload("survivor.bin", b"x"), "name": "a"} | place
    for kind in ("copy", "move", "delete"):
        admin.call("POST", f"/async/files/{kind}?fields=id", {"items": [survivor]}, 201)
    for query in ("", "?limit=1", "?limit=1&offset=1", "?fields=_all", "?fields=state"):
        admin.call("GET", "/async/files" + query, status=200)
    admin.refused(400, 90000, "GET", "/async/files?limit=0")


def test_uploads(admin, copier, nobody):
    rosalind = copier
    root = "/upload/multipart"
    file, folder = admin.upload("clash.bin", b"a"), admin.folder("clash")
    new = {"project": "admin/uploads", "name": "clash.bin"}
    for change, status, code in (
        ({"name": None}, 400, 8013), ({"project": "x"}, 400, 8010), ({"project": None, "parent": file}, 400, 5022),
        ({"project": "admin/\0"}, 400, 90000),
        ({"project": "admin/none"}, 404, 3002), ({"project": None, "parent": "none"}, 404, 5026), ({}, 409, 8005),
        ({"name": "clash"}, 409, 5030),
        ({"name": "huge", "size": 5 << 40}, 409, 90007), ({"name": "infos", "part_infos": -1}, 400, 8013),
        ({"metadata": {"": "a"}}, 400, 5006), ({"tags": [""]}, 400, 90000),
    ):
        admin.refused(status, code, "POST", root, new | change)
    for count in (0, 2, 9999, None):
        admin.create(root, new | {"name": f"{count} infos", "part_infos": count}, 200)
    rosalind.refused(403, 8002, "POST", root, new | {"name": "b"})
    admin.create(root, {"parent": folder, "name": "unknown size", "md5": None}, 200)
    admin.create(root + "?overwrite=True", new, 200)
    for rule in ("fail", "skip", "overwrite", "rename"):
        admin.create(f"{root}?on_conflict={rule}", new | ({"name": "free.bin"} if rule == "fail" else {}), 200)
    admin.refused(400, 8013, "POST", f"{root}?on_conflict=skip&overwrite=true", new)
    for status, code in ((201, None), (400, 5024)):
        long = admin.create(f"{root}?on_conflict=rename", new | {"name": "x" * 255, "size": 0}, 200)["upload_id"]
        answer = admin.call("POST", f"{root}/{long}/complete", status=status)
        check.equal(answer.json().get("code"), code, "a name that becomes too long")
    labels = {"metadata": {"a": 1, "b": None}, "tags": ["x"]}
    admin.call("GET", root + "/" + admin.create(root, new | labels | {"name": "labels"}, 200)["upload_id"], status=200)
    for query in ("", "?limit=1", "?limit=1&offset=1", "?offset=9"):
        admin.call("GET", root + query, status=200)
    admin.refused(400, 90000, "GET", root + "?limit=x")
    upload = admin.start("late.bin", 2)
    steps(admin, root, upload)
    for caller, status, code in ((rosalind, 403, 8001), (nobody, 404, 8003)):
        refused_everywhere(caller, root, upload, status, code)
    refused_everywhere(admin, root, "%00", 400, 90000)
    completing = admin.start("completed.bin", 2)
    first = admin.send(completing, 1, b"ab")
    bad_completions(admin, f"{root}/{completing}/complete")
    for _ in range(2):
        admin.call("POST", f"{root}/{completing}/complete", {"parts": [first]}, 201)
    admin.call("DELETE", f"{root}/{upload}", status=204)
    late = admin.start("soon taken", 0)
    admin.upload("soon taken", b"")
    admin.refused(409, 8005, "POST", f"{root}/{late}/complete")
    fleeting = admin.folder("fleeting")
    late = admin.start("late", 0, parent=fleeting)
    admin.call("DELETE", f"/files/{fleeting}", status=204)
    admin.refused(404, 5026, "POST", f"{root}/{late}/complete")
    parts(admin)


def steps(admin, root, upload):
    """Sends and reports a part of an upload, and checks that invalid reports are refused."""
    path = f"{root}/{upload}"
    part = admin.send(upload, 1, b"a", root)
    for query in ("", "?list_parts=true", "?stored_parts=true"):
        admin.call("GET", path + query, status=200)
    admin.refused(400, 8012, "GET", path + "/part/0")
    for query in ("", "?from=1&count=1", "?from=2&count=9999", "?from=10000"):
        admin.call("GET", path + "/part_infos" + query, status=200)
    admin.refused(400, 8012, "GET", path + "/part_infos?from=0")
    admin.refused(400, 90000, "GET", path + "/part_infos?count=0")
    for body, code in (({}, 8012), ({"part_number": 1}, 8014), (part | {"part_number": 2}, 8014), (1, 8014)):
        admin.refused(400, code, "POST", path + "/part", body)
    for body, code in (({}, 8015), ({"parts": [{}]}, 8012), ({"parts": [part | {"part_number": 2}]}, 8014)):
        admin.refused(400, code, "POST", path, body)
    admin.call("POST", path + "/part", part, 200)
    admin.call("POST", path, {"parts": [part]}, 200)
    admin.call("GET", path + "?list_parts=true", status=200)


def bad_completions(admin, path):
    admin.refused(409, 8007, "POST", path)
    report = {"part_number": 9, "response": {"headers": {"ETag": "x"}}}
    for reports, code in ((1, 8015), ([{}], 8012), ([{"part_number": 1}], 8014), ([report], 8014)):
        admin.refused(400, code, "POST", path, {"parts": reports})


def refused_everywhere(caller, root, upload, status, code):
    """Checks that every call for an upload is refused."""
    report = {"part_number": 1, "response": {"headers": {"ETag": "x"}}}
    path = f"{root}/{upload}"
    for method, rest, body in (
        ("GET", "", None), ("GET", "/part/1", None), ("GET", "/part_infos", None), ("POST", "/part", report),
        ("POST", "", {"parts": []}), ("POST", "/complete", None),
        ("DELETE", "", None),
    ):
        caller.refused(status, code, method, path + rest, body)


def parts(admin):
    upload = admin.start("parts.bin", 3)
    url = admin.call("GET", f"/upload/multipart/{upload}/part/1", status=200).json()["url"]
    admin.send_to("PUT", url, 200, data=b"abc")
    admin.send_to("PUT", url, 400, data=b"abc", headers={"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="})
    admin.send_to("PUT", url, 413, data=b"abcd")
    admin.send_to("PUT", url.split("?")[0], 403, data=b"abc")
    admin.call("DELETE", f"/upload/multipart/{upload}", status=204)
    admin.send_to("PUT", url, 404, data=b"abc")


def test_upload_links(server, admin, copier, nobody, recorder):
    rosalind, root = copier, "/upload_links"
    new = {"project": "admin/uploads", "name": "Golden"}
    file = admin.upload("no folder", b"")
    for change, status, code in (
        ({"name": None}, 400, 90000), ({"expires": "x"}, 400, 90000), ({"project": None}, 400, 5029),
        ({"project": "x"}, 400, 5005), ({"parent": file}, 400, 5031), ({"project": None, "parent": file}, 400, 5022),
        ({"project": "admin/none"}, 404, 3002), ({"project": None, "parent": "none"}, 404, 5026),
    ):
        admin.refused(status, code, "POST", root, new | change)
    rosalind.refused(403, 3001, "POST", root, new)
    plain = admin.create(root, new, 201)
    link = admin.create(root, new | {"note": "n", "password": "correct horse", "max_files": 2, "max_bytes": 10}, 201)
    one = f"{root}/{link['id']}"
    for query in ("", "&limit=1", "&limit=1&offset=1"):
        admin.call("GET", f"{root}?project=admin/uploads{query}", status=200)
    for query, status, code in (("", 400, 90000), ("?project=x", 400, 5005), ("?project=a/none", 404, 3002)):
        admin.refused(status, code, "GET", root + query)
    rosalind.refused(403, 3001, "GET", root + "?project=admin/uploads")
    for method in ("GET", "PATCH", "DELETE"):
        rosalind.refused(403, 3001, method, one, {})
        nobody.refused(404, 90003, method, one, {})
        admin.refused(400, 90000, method, root + "/%00", {})
    admin.call("GET", one, status=200)
    admin.call("PATCH", one, {"note": "m", "max_files": None}, 200)
    admin.refused(400, 90000, "PATCH", one, {"max_files": 0})
    sent_uploads(server, admin, recorder, link, plain)
    admin.call("DELETE", one, status=204)
    admin.call("DELETE", f"{root}/{plain['id']}", status=204)
    expired = admin.create(root, new | {"parent": admin.folder("gone"), "project": None}, 201)
    admin.call("DELETE", f"/files/{expired['parent']}", status=204)
    admin.call("POST", root + "/session", {}, 410, headers={"X-Pontoon-Upload-Link": expired["secret"]})


def test_usage_and_forecast(server, admin, nobody, recorder):
    admin.start("unknown size", None)
    admin.send(admin.start("partial", 4, part_size=2), 1, b"ab")
    for path in ("/usage", "/forecast"):
        for query in ("", "?limit=1", "?limit=1&offset=1", "?limit=100&offset=7"):
            admin.call("GET", path + query, status=200)
        nobody.call("GET", path, status=200)
        admin.refused(400, 90000, "GET", path + "?limit=0")
    for query in ("", "?fields=usage", "?fields=usage.files", "?fields=!usage"):
        admin.call("GET", "/projects/admin/uploads" + query, status=200)
    limited = admin.create("/tokens", {"projects": ["admin/uploads"]}, 201)["token"]
    CheckedCaller(server.endpoint, limited, recorder).call("GET", "/usage", status=200)


def test_events(admin, nobody):
    page = admin.call("GET", "/events?limit=1", status=200).json()
    check.is_true(len(page["events"]) == 1 and page["has_more"], "the first event")
    cursor = page["next"]
    for query in ("", f"?after={cursor}", "?project=admin/uploads", "?types=file.created,file.deleted&types=project.created"):
        admin.call("GET", "/events" + query, status=200)
    latest = admin.call("GET", "/events?after=latest&wait=1", status=200).json()
    check.equal(latest["events"], [])
    nobody.call("GET", "/events?limit=100", status=200)
    for query in ("after=", "after=x", "after=1.2.3", "limit=0", "wait=-1", "types=", "types=file", "project=x"):
        admin.refused(400, 90000, "GET", "/events?" + query)
    admin.refused(400, 90000, "GET", "/events", headers={"Last-Event-ID": "x"})
    nobody.refused(404, 3002, "GET", "/events?project=admin/uploads")
    log, position = latest["next"].split(".")
    for other in (f"{log}.{int(position) + 1000}", "0123456789abcdef.1"):
        admin.refused(410, 90003, "GET", "/events?after=" + other)


def give_up_event(server, webhook):
    """Adds a dead delivery, which would otherwise take three days to appear."""
    with contextlib.closing(sqlite3.connect(server.data / "pontoon.sqlite", timeout=120)) as database, database:
        database.execute(
            """INSERT INTO webhook_deliveries
            (webhook_id, event_id, log_id, position, type, occurred_on, attempts, failed_on, status, error, is_queued)
            VALUES (?, 'a-1', 'a', 1, 'file.created', 0, 7, 0, 500, 'refused', 0)""",
            (webhook,),
        )


def test_webhooks(server, admin, copier, nobody):
    root, new = "/webhooks", {"project": "admin/uploads", "url": "http://127.0.0.1:1024/hook"}
    for change, status, code in (
        ({"url": None}, 400, 90000), ({"url": "ftp://a"}, 400, 90000), ({"types": ["x"]}, 400, 90000),
        ({"secret": "x"}, 400, 90000), ({"project": "x"}, 400, 5005), ({"project": "admin/none"}, 404, 3002),
    ):
        admin.refused(status, code, "POST", root, new | change)
    copier.refused(403, 3001, "POST", root, new)
    secret = "whsec_" + base64.b64encode(bytes(24)).decode()
    webhook = admin.create(root, new | {"types": ["file.deleted"], "secret": secret}, 201)
    check.equal(webhook["secret"], secret)
    one = f"{root}/{webhook['id']}"
    for query in ("", "&limit=1", "&limit=1&offset=1"):
        admin.call("GET", f"{root}?project=admin/uploads{query}", status=200)
    for query, status, code in (("", 400, 90000), ("?project=x", 400, 5005), ("?project=a/none", 404, 3002)):
        admin.refused(status, code, "GET", root + query)
    copier.refused(403, 3001, "GET", root + "?project=admin/uploads")
    bodies = {"replay": {"after": webhook["cursor"]}, "redeliver": {"event": "none"}}
    calls = [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("GET", "/deliveries")]
    calls += [("POST", f"/actions/{name}") for name in ("enable", "disable", "rotate-secret", "test", "replay", "redeliver")]
    for method, path in calls:
        body = bodies.get(path.rsplit("/", 1)[-1], {})
        copier.refused(403, 3001, method, one + path, body)
        nobody.refused(404, 90003, method, one + path, body)
        admin.refused(400, 90000, method, f"{root}/%00{path}", body)
    admin.call("GET", one, status=200)
    admin.call("PATCH", one, {"types": []}, 200)
    for name in ("test", "disable", "enable", "rotate-secret"):
        admin.call("POST", f"{one}/actions/{name}", {}, 200)
    admin.call("POST", f"{one}/actions/replay", bodies["replay"], 200)
    admin.refused(410, 90003, "POST", f"{one}/actions/replay", {"after": "0123456789abcdef.1"})
    admin.call("GET", f"{one}/deliveries", status=200)
    give_up_event(server, webhook["id"])
    listed = admin.call("GET", f"{one}/deliveries?limit=1", status=200).json()["items"]
    admin.call("POST", f"{one}/actions/redeliver", {"event": listed[0]["event"]}, 204)
    others = [admin.create(root, new, 201)["id"] for _ in range(19)]
    admin.refused(409, 90007, "POST", root, new)
    for other in others:
        admin.call("DELETE", f"{root}/{other}", status=204)
    admin.call("DELETE", one, status=204)


def test_quotas(server, admin):
    project = admin.create("/projects", {"name": "Full"}, 201)["id"]
    file = admin.upload("full.bin", b"12345", project=project)
    growing = admin.start("growing.bin", None, project=project)
    url = admin.call("GET", f"/upload/multipart/{growing}/part/1", status=200).json()["url"]
    server.administer("quota", "set", "project", project, "--bytes", "5")
    admin.send_to("PUT", url, 409, data=b"x")
    admin.refused(409, 90007, "POST", f"/files/{file}/actions/copy", {"project": project, "name": "copy.bin"})
    admin.refused(409, 90007, "POST", "/upload/multipart", {"project": project, "name": "more.bin", "size": 1})


def test_tokens(server, admin, nobody, recorder):
    root = "/tokens"
    for body, status, code in (
        ({"scope": "all"}, 400, 90000), ({"projects": ["x"]}, 400, 5005), ({"projects": ["admin/none"]}, 404, 3002),
    ):
        admin.refused(status, code, "POST", root, body)
    limited = {"scope": "upload", "projects": ["admin/uploads"], "expires": "2027-12-31T23:59:59Z", "name": "a"}
    created = [admin.create(root, body, 201) for body in ({}, limited, {"scope": "read"})]
    for query in ("", "?limit=1", "?limit=1&offset=1"):
        admin.call("GET", root + query, status=200)
    admin.refused(400, 90000, "GET", root + "?limit=0")
    one = f"{root}/{created[1]['id']}"
    admin.call("GET", one, status=200)
    for method in ("GET", "DELETE"):
        nobody.refused(404, 90003, method, one)
        admin.refused(400, 90000, method, root + "/%00")
    uploader, reader = (CheckedCaller(server.endpoint, entry["token"], recorder) for entry in created[1:])
    uploader.call("GET", one, status=200)

    def refuse(method, path, operation):
        answer = operation["responses"].get("403")
        schema = answer and recorder.document.follow(answer)["content"]["application/json"]["schema"]
        if not schema or not path.startswith("/v2") or 90002 not in schema["properties"]["code"]["enum"]:
            return
        answers = [caller.send_to(method, server.origin + path) for caller in (uploader, reader)]
        check.is_in(403, [answer.status_code for answer in answers], f"{method} {path}")

    recorder.everywhere(refuse, without_token=False)
    admin.call("DELETE", one, status=204)
    uploader.call("GET", root, status=401)


def test_too_many_tokens(tmp_path):
    recorder = Recorder()
    with running_server(tmp_path, arguments=["--max-tokens-per-user", "1"]) as server:
        CheckedCaller(server.endpoint, server.token, recorder).refused(409, 90007, "POST", "/tokens", {})


def test_invalid_tokens(tmp_path):
    """After too many invalid tokens, every call that needs a token returns 429 with Retry-After."""
    recorder = Recorder()
    with running_server(tmp_path, arguments=["--failed-authentication-limit", "1/1d"]) as server:
        stranger = CheckedCaller(server.endpoint, "nobody's", recorder)
        stranger.call("GET", "/user", status=401)

        def refuse(method, path, _):
            answer = stranger.send_to(method, server.origin + path, 429)
            check.is_true(int(answer.headers["Retry-After"]) > 80_000, f"{method} {path}")

        recorder.everywhere(refuse, without_token=False)
        refuse("GET", "/v2/", None)
        check.equal(CheckedCaller(server.endpoint, server.token, recorder).call("GET", "/user").status_code, 200)


def sent_uploads(server, admin, recorder, link, plain):
    """Uploads as a sender, and signs in too often."""
    path = "/upload_links/session"
    secret = {"X-Pontoon-Upload-Link": link["secret"]}
    admin.refused(401, 90001, "GET", path)
    for body, status, code in (
        ({}, 403, 90002), ({"password": "wrong"}, 403, 90002), ({"password": 1}, 400, 90000),
        ({"sender": " "}, 400, 90000),
    ):
        admin.refused(status, code, "POST", path, body, headers=secret)
    admin.refused(404, 90003, "POST", path, {}, headers={"X-Pontoon-Upload-Link": "0" * 32})
    known = {"password": "correct horse", "sender": "Anna"}
    token = admin.call("POST", path, known, 201, headers=secret).json()["token"]
    sender = CheckedCaller(server.endpoint, token, recorder)
    sender.call("GET", path, status=200)
    root = "/upload/multipart"
    new = {"name": "sent", "size": 2, "part_size": 1, "path": ["a", "b"], "tags": ["x"]}
    for change, status, code in (({"size": None}, 400, 8013), ({"path": ["/"]}, 400, 8013), ({"size": 11}, 409, 90007)):
        sender.refused(status, code, "POST", root, new | change)
    sender.refused(403, 8002, "POST", root + "?overwrite=true", new)
    upload = sender.create(root, new | {"part_infos": 1}, 200)["upload_id"]
    sender.call("GET", root, status=200)
    steps(sender, root, upload)
    sender.call("GET", f"{root}/{upload}?list_parts=true&stored_parts=true", status=200)
    second = sender.send(upload, 2, b"b", root)
    sender.call("POST", f"{root}/{upload}/complete", {"parts": [second]}, 201)
    sender.refused(409, 8005, "POST", root, new)
    sender.call("DELETE", f"{root}/{sender.create(root, new | {'name': 'b'}, 200)['upload_id']}", status=204)
    refused_everywhere(sender, root, admin.start("not sent", 2), 404, 8003)
    secret = {"X-Pontoon-Upload-Link": plain["secret"]}
    statuses = []
    while len(statuses) < 200 and 429 not in statuses:
        statuses.append(admin.call("POST", path, {}, headers=secret).status_code)
    check.equal(set(statuses), {201, 429}, "at most 60 senders sign in within a minute")


def test_packages(admin, nobody):
    root, automations = PACKAGES, "/automation/automations"
    automation = admin.create(automations, {"name": "golden"}, 201)["id"]
    admin.call("POST", automations + "?fields=id", {"name": "b", "description": None}, 201)
    admin.refused(400, 90000, "POST", automations, {})
    for query in ("", "?fields=name"):
        admin.call("GET", f"{automations}/{automation}{query}", status=200)
    nobody.refused(404, 90003, "GET", f"{automations}/{automation}")
    admin.refused(400, 90000, "GET", automations + "/%00")
    new = {"automation_id": automation, "name": "code.zip", "size": 2}
    for change, status, code in (
        ({"size": 0}, 400, 8013), ({"part_infos": "x"}, 400, 8013), ({"automation_id": "none"}, 404, 90003),
        ({"automation_id": "\0"}, 400, 90000), ({"size": 5 << 40}, 409, 90007),
    ):
        admin.refused(status, code, "POST", root, new | change)
    upload = admin.create(root, new | {"part_infos": 2}, 200)["upload_id"]
    steps(admin, root, upload)
    refused_everywhere(nobody, root, upload, 404, 8003)
    refused_everywhere(admin, root, "%00", 400, 90000)
    bad_completions(admin, f"{root}/{upload}/complete")
    second = admin.send(upload, 2, b"b", root)
    file = admin.create(f"{root}/{upload}/complete", {"parts": [second]}, 201)["id"]
    package = {"version": "1", "location": file, "schema": {"a": [1.5, None]}}
    details = {"memory_limit": 2048, "python": "3.11"}
    added = admin.create(f"{automations}/{automation}/packages", package | details, 201)["id"]
    admin.call("POST", f"{automations}/{automation}/packages?fields=version", package, 201)
    admin.refused(400, 90000, "POST", f"{automations}/{automation}/packages", {})
    nobody.refused(404, 90003, "POST", f"{automations}/{automation}/packages", package)
    for path in (automations, f"{automations}/{automation}/packages"):
        for query in ("", "?limit=1", "?limit=1&offset=1", "?fields=id", "?name=b"):
            admin.call("GET", path + query, status=200)
        admin.refused(400, 90000, "GET", path + "?limit=0")
    nobody.refused(404, 90003, "GET", f"{automations}/{automation}/packages")
    for query in ("", "?fields=schema.a"):
        admin.call("GET", f"/automation/packages/{added}{query}", status=200)
    nobody.refused(404, 90003, "GET", f"/automation/packages/{added}")
    admin.refused(400, 90000, "GET", "/automation/packages/%00")
    opened = admin.create(root, new, 200)["upload_id"]
    for query in ("", "?limit=1", "?offset=1"):
        admin.call("GET", root + query, status=200)
    admin.refused(400, 90000, "GET", root + "?limit=0")
    admin.call("DELETE", f"{root}/{opened}", status=204)
    changes = (
        (f"{automations}/{automation}", {"name": "c", "description": None}, {"name": ""}),
        (f"/automation/packages/{added}", {"memory_limit": 5}, {"memory_limit": "x"}),
    )
    for path, change, bad in changes:
        for query in ("", "?fields=id"):
            admin.call("PATCH", path + query, change, 200)
        admin.refused(400, 90000, "PATCH", path, bad)
        nobody.refused(404, 90003, "PATCH", path, change)
    for home in (f"{automations}/{automation}", f"{automations}/{automation}/packages/{added}"):
        for action in ("archive", "restore"):
            for query in ("", "?fields=archived"):
                admin.call("POST", f"{home}/actions/{action}{query}", status=200)
            nobody.refused(404, 90003, "POST", f"{home}/actions/{action}")
    admin.call("GET", automations + "?include_archived=true", status=200)


def test_rate_limit(tmp_path):
    """Every call that needs a token is refused once the rate limit is reached."""
    recorder = Recorder()
    with running_server(tmp_path, arguments=["--min-part-size", "1", "--rate-limit", "1/24h"]) as server:
        caller = CheckedCaller(server.endpoint, server.token, recorder)
        caller.call("GET", "/rate_limit", status=200)
        recorder.everywhere(
            lambda method, path, _: caller.send_to(method, server.origin + path, 429), without_token=False
        )
    recorder.check_all_seen(lambda status: status == "429")


def test_validate_command(tmp_path, recorder):
    """Only the operator's validate command can refuse the bytes of a file put."""
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\necho 'It is empty.'; exit 1\n")
    program.chmod(0o755)
    with running_server(tmp_path, arguments=["--validate-command", str(program)]) as server:
        caller = CheckedCaller(server.endpoint, server.token, recorder)
        query = {"project": "admin/uploads", "name": "refused.bin"}
        caller.refused(409, 8007, "PUT", "/files/content", params=query, data=b"")


def test_every_documented_answer_was_given(request, recorder):
    tests = {item.name for item in request.session.items if item.path == request.path}
    if tests != {name for name in globals() if name.startswith("test_")}:
        pytest.skip("needs all tests of this file")
    recorder.check_all_seen(lambda status: status != "429")
