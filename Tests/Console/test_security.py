"""Names and contents from other people cannot run scripts, spoof the page or read the token."""

import pytest
from harness.console import Console, text_file
from harness.sample import Sample
from harness.server import PROJECT, Server
from playwright.sync_api import Page, Request, expect

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")

IMAGE = "<img src=x onerror=window.pwned=1>"
LINK = "javascript:window.pwned=1"
QUOTE = '"><svg onload=window.pwned=1>'
TEMPLATE = "${window.pwned=1}{{constructor.constructor('window.pwned=1')()}}"
EVIL = [IMAGE, LINK, QUOTE, TEMPLATE]
# Reversed text, a line separator, and a zero-width space.
HIDDEN = "invoice\u202egnp.exe\u2028 a\u200bb"


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def assert_harmless(page: Page) -> None:
    """Checks that no script in a name has run, and that no name became an element."""
    assert page.evaluate("() => window.pwned") is None
    assert page.locator("#app img, #app svg:not(.icon), #app [onerror], #app [onload], #app script").count() == 0
    assert page.locator("a[href^='javascript:']").count() == 0


def test_names_tags_and_metadata_are_shown_as_text(page, console, server):
    sample = Sample(server)
    project = sample.project(IMAGE, QUOTE)
    root = project["root_folder"]
    for number, text in enumerate(EVIL):
        sample.file(
            root, text.replace("/", "|") + f".{number}", text.encode(), tags=[text], metadata={f"{text[:60]}": text}
        )
    folder = sample.folder(root, QUOTE)
    sample.begun(folder, IMAGE, 10, 0)
    console.open()
    expect(page.get_by_role("link", name=IMAGE)).to_be_visible()
    console.files(project=project["id"])
    expect(page.get_by_role("heading", level=1)).to_have_text(IMAGE)
    for number, text in enumerate(EVIL):
        name = text.replace("/", "|") + f".{number}"
        details = console.details(name)
        expect(details.get_by_role("heading", name=name)).to_be_visible()
        expect(details).to_contain_text(text)
        details.get_by_role("button", name="Preview").click()
        expect(page.frame_locator("iframe").locator("pre")).to_have_text(text)
        assert_harmless(page)
    console.details(f"{IMAGE}.0").get_by_role("button", name="Edit").click()
    assert_harmless(page)
    page.keyboard.press("Escape")
    console.act(f"{LINK}.1", "Rename")
    expect(console.dialog.get_by_role("textbox")).to_have_value(f"{LINK}.1")
    page.keyboard.press("Escape")
    console.act(f"{LINK}.1", "Move")
    expect(console.dialog.get_by_role("button", name=QUOTE)).to_be_visible()
    page.keyboard.press("Escape")
    console.act(f"{LINK}.1", "Delete")
    assert_harmless(page)
    page.keyboard.press("Escape")
    console.files(folder, project=project["id"])
    console.choose(text_file(f"{QUOTE}.txt"))
    assert_harmless(page)
    console.submit("Start upload")
    console.expect_transfers("1 verified")
    assert_harmless(page)
    for route in (
        "#/uploads",
        f"#/projects/{project['id']}/settings",
        f"#/projects/{project['id']}/members",
        "#/account",
    ):
        console.go(route)
        assert_harmless(page)


def test_invisible_characters_are_shown(page, console, server):
    sample = Sample(server)
    project = sample.project(HIDDEN.replace("\u2028", ""))
    sample.file(project["root_folder"], HIDDEN, b"x")
    console.open().files(project=project["id"])
    entry = page.locator(".files-list .entry")
    expect(entry).to_have_text("invoiceU+202Egnp.exeU+2028 aU+200Bb")
    expect(page.get_by_role("heading", level=1)).to_contain_text("U+202E")
    expect(page).to_have_title("invoice[U+202E]gnp.exe a[U+200B]b · Pontoon")


def test_previews_run_no_scripts_and_load_nothing(page, console, server):
    sample = Sample(server)
    root = server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"]
    script = b"<script>parent.pwned = 1</script><img src='/v2/probe' onerror='parent.pwned = 1'>"
    vector = b"<svg xmlns='http://www.w3.org/2000/svg' onload='parent.pwned=1'><image href='/v2/probe'/></svg>"
    sample.file(root, "page.html", script)
    sample.file(root, "picture.png", vector)
    sample.file(root, "picture.svg", vector)
    requested: list[Request] = []
    page.on("request", lambda request: requested.append(request))
    console.open().files()
    for name, shown in (("page.html", script), ("picture.svg", vector)):
        console.details(name).get_by_role("button", name="Preview").click()
        expect(page.frame_locator("iframe").locator("pre")).to_have_text(shown.decode())
    console.details("picture.png").get_by_role("button", name="Preview").click()
    expect(page.get_by_text("cannot show this image")).to_be_visible()
    frame = page.locator("iframe")
    expect(frame).to_have_attribute("sandbox", "allow-same-origin")
    assert_harmless(page)
    assert not [request.url for request in requested if "probe" in request.url]


def test_the_token_goes_to_the_api_only_and_is_in_no_address(page, console, server):
    requested: list[Request] = []
    page.on("request", lambda request: requested.append(request))
    console.open().files()
    console.upload(text_file("a.txt"))
    console.details("a.txt").get_by_role("button", name="Preview").click()
    expect(page.frame_locator("iframe").locator("pre")).to_have_text("content")
    assert all(request.url.startswith((server.origin, "blob:", "data:", "about:")) for request in requested)
    assert all(server.token not in request.url for request in requested)
    sending = {
        request.url.removeprefix(server.origin)
        for request in requested
        if server.token in str(request.all_headers().items())
    }
    assert sending and all(path.startswith("/v2/") for path in sending)
    assert server.token not in page.content()


@pytest.mark.console_errors("400 .*token=zz")
def test_links_of_lists_do_not_lead_to_other_servers(page, console, server):
    """If a response links to another host, the token is not sent to that host."""
    Sample(server).file(server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["root_folder"], "a.txt", b"a")

    def redirect(route):
        answer = route.fetch()
        link = {"rel": "next", "method": "GET", "href": "http://198.51.100.7/v2/files/scroll?token=zz"}
        route.fulfill(response=answer, json=answer.json() | {"links": [link]})

    requested: list[str] = []
    page.on("request", lambda request: requested.append(request.url))
    page.route("**/v2/files/scroll*", redirect, times=1)
    console.open().files()
    console.expect_names("a.txt")
    page.get_by_role("button", name="Size").click()
    console.toast("must be 'init'")
    assert [url for url in requested if "token=zz" in url]
    assert all(url.startswith((server.origin, "data:")) for url in requested)


def test_the_page_runs_no_inline_scripts(page, console, server):
    """The server's Content-Security-Policy blocks inline scripts, in addition to the escaping by the console."""
    page.goto(server.origin)
    policy = page.request.get(server.origin, headers={"Accept": "text/html"}).headers["content-security-policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";") if part.strip()}
    assert directives["default-src"] == ["'self'"]
    assert "script-src" not in directives or "'unsafe-inline'" not in directives["script-src"]
    assert directives["frame-ancestors"] == directives["object-src"] == directives["base-uri"] == ["'none'"]
    assert directives["require-trusted-types-for"] == ["'script'"]
