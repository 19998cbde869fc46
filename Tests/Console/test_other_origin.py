"""A page of another origin uploads and downloads with --allow-origin, as with Uppy's plugin for S3 multipart uploads.

Uppy itself is not used, because no package that the tests can install contains this plugin: the bundle in PyPI's
dash-uploader-uppy5 has only its XHRUpload.
"""

import functools
import hashlib
import http.server
import pathlib
import threading
from collections.abc import Iterator

import engines
import pytest
from playwright.sync_api import Error, Page
from support.stores import WEED, Stores

from harness.server import PROJECT, Server

SIZE = (11 << 20) + 1
CONTENT = bytes((i * 31 + (i >> 8)) & 255 for i in range(1 << 16)) * (SIZE // (1 << 16) + 1)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Logs nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The origin of a web server with the test page."""
    folder = pathlib.Path(__file__).parent / "other_origin"
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(params=["disk", "s3"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """The stores of the server. SeaweedFS lets pages of all origins use a bucket without CORS rules."""
    if request.param == "disk":
        yield Stores()
        return
    with engines.SeaweedFS(WEED) as engine:
        yield Stores(objects=engine.url("other-origin"), keys=engine.environment)


def open_page(page: Page, site: str, server: Server) -> None:
    """Opens the test page, whose script receives `server` as an argument."""
    page.goto(f"{site}/")
    page.wait_for_function("globalThis.page")
    page.evaluate(
        "(server) => { globalThis.server = server; }",
        {"origin": server.origin, "token": server.token, "project": PROJECT},
    )


def test_a_page_of_another_origin_uploads_in_parts_and_downloads(page, site, stores, tmp_path):
    server = Server(tmp_path, stores, ["--allow-origin", site])
    try:
        server.start()
        open_page(page, site, server)
        done = page.evaluate(f"page.upload(page.options(server), page.patternFile('a.bin', {SIZE}))")
        stored = server.files()["a.bin"]
        assert (stored["id"], stored["size"]) == (done["id"], SIZE)
        digest = hashlib.sha256(CONTENT[:SIZE]).hexdigest()
        assert hashlib.sha256(server.download(stored)).hexdigest() == digest
        assert page.evaluate(f"page.download(server, '{done['id']}')") == digest
        assert server.uploads() == []
    finally:
        server.stop()


@pytest.mark.console_errors("401")
def test_a_page_of_another_origin_can_read_why_a_call_was_refused(page, site, tmp_path):
    server = Server(tmp_path, arguments=["--allow-origin", f"https://app.example.org,{site}"])
    try:
        server.start()
        open_page(page, site, server)
        refusal = page.evaluate("page.refusal(server, '/user')")
        assert refusal["status"] == 401 and refusal["code"] and refusal["message"] and refusal["requestID"]
    finally:
        server.stop()


@pytest.mark.console_errors("CORS policy", "ERR_FAILED")
@pytest.mark.parametrize("arguments", [[], ["--allow-origin", "https://app.example.org"]])
def test_pages_of_origins_that_are_not_allowed_can_do_nothing(page, site, tmp_path, arguments):
    server = Server(tmp_path, arguments=arguments)
    try:
        server.start()
        open_page(page, site, server)
        for script in ["page.refusal(server, '/user')", "page.upload(page.options(server), new File(['a'], 'a'))"]:
            with pytest.raises(Error, match="Failed to fetch"):
                page.evaluate(script)
        assert server.files() == {} and server.uploads() == []
    finally:
        server.stop()
