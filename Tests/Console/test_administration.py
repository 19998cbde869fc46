"""Commands that prepare a server for browsers: sign-in links, and the CORS rule of a bucket."""

import json
import pathlib
import subprocess
import urllib.parse
from collections.abc import Iterator

import engines
import pytest
import requests
from support.object_store import Bucket
from support.server import BINARY, eventually
from support.stores import WEED, Stores

from harness.server import Server, environment

PAGE = "https://uploads.example.org"


def pontoond(*arguments: str | pathlib.Path, stores: Stores = Stores()) -> subprocess.CompletedProcess[str]:
    return subprocess.run([BINARY, *arguments], env=environment(stores.environment), capture_output=True, text=True)


@pytest.fixture(scope="module")
def stores() -> Iterator[Stores]:
    """A bucket whose files only pages of another origin may read."""
    with engines.SeaweedFS(WEED) as engine:
        stores = Stores(objects=engine.url("cors"), keys=engine.environment)
        bucket = Bucket(stores.objects, stores.keys)
        rule = {"ID": "other", "AllowedOrigins": ["https://other.example.org"], "AllowedMethods": ["GET"]}
        bucket.client.put_bucket_cors(Bucket=bucket.name, CORSConfiguration={"CORSRules": [rule]})
        yield stores


def test_a_link_contains_a_token_that_works(server):
    for arguments, base in [
        (["--public-url", f"{PAGE}/up/"], f"{PAGE}/up"),
        (["--listen", "0.0.0.0:9000"], "http://127.0.0.1:9000"),
        ([], "http://127.0.0.1:8080"),
    ]:
        done = pontoond("token", "create", "admin", "--data", server.data, "--link", *arguments)
        assert done.returncode == 0, done.stderr
        page, fragment = done.stdout.rstrip("\n").split("#")
        assert page == f"{base}/"
        token = urllib.parse.parse_qs(fragment)["token"][0]
        assert requests.get(f"{server.origin}/v2/user", headers={"X-SBG-Auth-Token": token}).ok
        assert token not in done.stderr
    alone = pontoond("token", "create", "admin", "--data", server.data).stdout
    assert requests.get(f"{server.origin}/v2/user", headers={"X-SBG-Auth-Token": alone.rstrip("\n")}).ok


def test_check_bucket_finds_and_adds_the_missing_rule(stores, tmp_path):
    check = ["check-bucket", "--public-url", f"{PAGE}/up", "--allow-origin", "https://a.example.org"]
    found = pontoond(*check, stores=stores)
    assert found.returncode == 1, found.stderr
    assert f"Pages at {PAGE} cannot send parts to it." in found.stdout
    rules = json.loads(found.stdout[found.stdout.index("{") :])["CORSRules"]
    assert rules[0]["AllowedOrigins"] == ["https://a.example.org", PAGE]

    server = Server(tmp_path, stores, ["--public-url", PAGE])
    try:
        server.start()
        eventually(lambda: "bucket denies cross-origin requests" in (tmp_path / "log").read_text(), "the server warns")
    finally:
        server.stop()

    fixed = pontoond(*check, "--fix-cors", stores=stores)
    assert fixed.returncode == 0, fixed.stdout + fixed.stderr
    assert pontoond(*check, stores=stores).returncode == 0
    bucket = Bucket(stores.objects, stores.keys)
    stored = bucket.client.get_bucket_cors(Bucket=bucket.name)["CORSRules"]
    assert stored[0] == rules[0] and [rule["ID"] for rule in stored] == ["pontoon", "other"]
    assert bucket.objects() == [] and bucket.unfinished() == []


def test_check_bucket_needs_a_bucket(tmp_path):
    done = pontoond("check-bucket", "--data", tmp_path)
    assert done.returncode == 2 and "not in a bucket" in done.stderr
