"""The documentation site that Scripts/site builds, in Chromium."""

import functools
import http.server
import os
import re
import subprocess
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from support.server import BINARY, ROOT

PONTOON = os.environ.get("TEST_PONTOON", ROOT / ".build/release/pontoon")


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the built site. The build fails if a link is broken."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run([ROOT / "Scripts/site", folder, PONTOON, BINARY], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    handler = functools.partial(Handler, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(page: Page, site: str) -> Iterator[Page]:
    """A page that must not send requests to other hosts."""
    others: list[str] = []
    page.on("request", lambda request: others.append(request.url) if request.url.startswith("http") else None)
    yield page
    assert [url for url in others if not url.startswith(site)] == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("index", "Pontoon"), ("settings", "Settings of the server"), ("openapi", "API schema"),
        ("man/pontoon.yaml.5", "pontoon.yaml(5)"), ("man/pontoon-upload.1", "pontoon-upload(1)"),
    ],
)
def test_page(page: Page, site: str, path: str, heading: str, width: int) -> None:
    """Pages fit on wide and narrow screens, and wide tables scroll separately."""
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site}/{path}.html")
    expect(page.locator("article h1").first).to_contain_text(heading)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if path == "openapi":
        frame = page.frame_locator("iframe")
        expect(frame.get_by_text("/v2/upload/multipart", exact=True).first).to_be_visible()


def test_pictures(page: Page, site: str) -> None:
    """The front page shows the console and the diagram."""
    page.goto(f"{site}/index.html")
    sources = [image.get_attribute("src") or "" for image in page.locator("article img").all()]
    assert any(source.startswith("images/console-") for source in sources), sources
    assert any(source.startswith("diagrams/") for source in sources), sources
    for image in page.locator("article img").all():
        image.scroll_into_view_if_needed()
        page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())


def test_search(page: Page, site: str) -> None:
    """Search finds a setting, and shows the page that describes it."""
    page.goto(f"{site}/index.html")
    page.locator("input.md-search__input").click()
    page.keyboard.type("failed-authentication-limit")
    # The search treats the words of the name separately, so another page may come first.
    page.locator(".md-search-result__link").filter(has_text="failed-authentication-limit").first.click()
    page.wait_for_url(re.compile(re.escape(site) + r"/(?!index)"))
    expect(page.locator("article")).to_contain_text("failed-authentication-limit")


def test_links_to_the_repository(page: Page, site: str) -> None:
    """A link to a file outside of docs/ leads to a page that shows the file."""
    page.goto(f"{site}/tls.html")
    page.locator("article a[href='source/deploy/pontoond-tls.conf.html']").first.click()
    expect(page.locator("article")).to_contain_text("ExecStart=")


def test_every_page_is_reachable(site: str) -> None:
    """Every page of docs/ is in the navigation."""
    navigation = (ROOT / "Scripts/documentation-site/mkdocs.yml").read_text(encoding="utf-8")
    for file in (ROOT / "docs").glob("*.md"):
        assert file.name == "README.md" or f": {file.name}\n" in navigation, file.name
