"""The cases of GA4GH's drs-compliance-suite 1.0.3, and further cases of DRS 1.5, on every combination of stores.

The suite itself cannot run, because its package lacks a module. Like the suite, these tests check the status, the media
type and the schema of each response, and that objects have access methods. The schemas come from docs/openapi.yaml and
are stricter than the suite's.
"""

import pytest
import requests
from pytest_check import check

from support import api_document
from support.client import upload, write_random

DOCUMENT = api_document.Document(api_document.load())


@pytest.fixture
def get(server):
    """Calls DRS with a token, and compares the response with a schema."""

    def get(path, schema, status=200, headers=None, **params):
        headers = {"Authorization": f"Bearer {server.token}"} if headers is None else headers
        # The suite sends a body with every request.
        answer = requests.get(server.origin + "/ga4gh/drs/v1" + path, params=params, headers=headers, json={})
        check.equal(answer.status_code, status, f"{path}: {answer.text[:300]}")
        check.equal(answer.headers["Content-Type"], "application/json", path)
        check.equal(DOCUMENT.problems(answer.json(), {"$ref": f"#/components/schemas/{schema}"}), [], path)
        return answer.json()

    return get


def test_service_info(get):
    for headers in (None, {}):
        info = get("/service-info", "DRSService", headers=headers)
        check.equal(info["type"], {"group": "org.ga4gh", "artifact": "drs", "version": "1.5.0"})


def test_a_file(api, server, get, project, tmp_path):
    sent = tmp_path / "a.bin"
    write_random(sent, 100_000, seed=1)
    file = upload(api, sent, project=project)
    for headers in (None, {"X-SBG-Auth-Token": server.token}):
        found = get(f"/objects/{file.id}", "DRSObject", headers=headers)
        check.equal((found["id"], found["name"], found["size"]), (file.id, "a.bin", 100_000))
        check.is_true(found["self_uri"].endswith("/" + file.id))
        check.is_true(found["access_methods"], "an object has access methods")
        for method in found["access_methods"]:
            access = get(f"/objects/{file.id}/access/{method['access_id']}", "DownloadInfo", headers=headers)
            check.equal(requests.get(access["url"]).content, sent.read_bytes(), "content")


def test_a_bundle(api, get, project, tmp_path):
    top = api.files.create_folder("top", project=project)
    inner = api.files.create_folder("inner", parent=top)
    sizes = {}
    for number, parent in enumerate((top, inner, inner)):
        sent = tmp_path / f"{number}.bin"
        write_random(sent, 1000 + number, seed=number)
        sizes[upload(api, sent, parent=parent).id] = 1000 + number
    bundle = get(f"/objects/{top.id}", "DRSObject")
    check.equal(bundle["size"], sum(sizes.values()))
    check.equal([entry["name"] for entry in bundle["contents"]], ["0.bin", "inner"])
    check.is_false(any("contents" in entry for entry in bundle["contents"]))
    expanded = get(f"/objects/{top.id}", "DRSObject", expand=True)
    check.equal([entry["name"] for entry in expanded["contents"][1]["contents"]], ["1.bin", "2.bin"])
    for entry in [*bundle["contents"], *expanded["contents"][1]["contents"]]:
        found = get(f"/objects/{entry['id']}", "DRSObject")
        check.equal(entry["drs_uri"], [found["self_uri"]])


def test_errors(get):
    get("/objects/000000000000000000000000", "DRSError", 404)
    get("/objects/000000000000000000000000/access/https", "DRSError", 404)
    get("/nothing", "DRSError", 404)
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
        get("/objects/000000000000000000000000", "DRSError", 401, headers=headers)
