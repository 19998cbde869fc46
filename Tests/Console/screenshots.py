"""Takes the pictures of the console in docs/images: each view in light and dark, wide and narrow.

Run by Scripts/screenshots. The server is the release build, unless TEST_PONTOOND names another binary.
"""

import argparse
import io
import pathlib
import sys
import tempfile
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(HERE.parent / "Compatibility"), str(ROOT / "Scripts/engines")]

from conftest import ARGUMENTS, CHROMIUM  # noqa: E402
from harness.sample import Sample  # noqa: E402
from harness.server import Server  # noqa: E402

SIZES = {"wide": {"width": 1280, "height": 800}, "narrow": {"width": 390, "height": 780}}
COLOURS = 128


def save(picture: bytes, file: pathlib.Path) -> None:
    """Writes a picture with a palette, which reduces its size to a quarter."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    small = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, kmeans=1, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


class Camera:
    """Takes pictures with one window size and theme."""

    def __init__(
        self, browser: Browser, server: Server, project: dict, folder: pathlib.Path, theme: str, size: str
    ) -> None:
        self.server, self.project, self.folder = server, project, folder
        self.suffix = f"{theme}-{size}"
        self.size = size
        self.context: BrowserContext = browser.new_context(
            viewport=SIZES[size], color_scheme=theme, reduced_motion="reduce", device_scale_factor=1
        )
        self.context.add_init_script("delete window.showOpenFilePicker; delete window.showDirectoryPicker;")

    def close(self) -> None:
        """Closes the browser, and removes what it has uploaded."""
        self.context.close()
        for upload in self.server.uploads():
            if upload["name"].endswith(".fastq.gz"):
                # An upload that was being completed may have become a file, so the result is ignored.
                self.server.session.delete(f"{self.server.origin}/v2/upload/multipart/{upload['upload_id']}")
        for name, file in self.server.files(project=self.project["id"]).items():
            if name.endswith(".fastq.gz"):
                self.server.call("DELETE", f"/files/{file['id']}")

    def page(self, path: str) -> Page:
        page = self.context.new_page()
        page.goto(f"{self.server.origin}{path}", wait_until="networkidle")
        return page

    def signed_in(self, route: str = "") -> Page:
        page = self.page(f"/#token={self.server.token}")
        page.locator("h1").first.wait_for()
        if route:
            page.evaluate("(route) => { window.location.hash = route; }", route)
            page.wait_for_load_state("networkidle")
        return page

    def shoot(self, name: str, page: Page) -> None:
        page.wait_for_timeout(300)
        picture = page.screenshot(animations="disabled", caret="hide")
        save(picture, self.folder / f"console-{name}-{self.suffix}.png")
        page.close()

    def all(self) -> None:
        project = f"#/projects/{self.project['id']}"
        fastq = f"{project}/files/{self.project['folders']['fastq']}"
        self.shoot("sign-in", self.page("/"))
        self.shoot("projects", self.signed_in())
        self.shoot("files", self._select(self.signed_in(fastq)))
        self.shoot("details", self._open_details(self.signed_in(project)))
        self.shoot("upload", self._upload_dialog(self.signed_in(fastq)))
        self.shoot("open-uploads", self.signed_in("#/uploads"))
        self.shoot("members", self.signed_in(f"{project}/members"))
        self.shoot("settings", self.signed_in(f"{project}/settings"))
        self.shoot("server", self.signed_in("#/server"))
        self.shoot("account", self.signed_in("#/account"))
        if "upload_links" in self.server.call("GET", "/").json()["extensions"]:
            link = self._link()
            self.shoot("links", self.signed_in(f"{project}/links"))
            self.shoot("drop", self._drop(link))
        if "webhooks" in self.server.call("GET", "/").json()["extensions"]:
            webhooks = self._webhooks()
            self.shoot("webhooks", self.signed_in(f"{project}/webhooks"))
            # Deleted before there are events, because the receivers do not exist.
            for webhook in webhooks:
                self.server.call("DELETE", f"/webhooks/{webhook['id']}")
        # Comes last, because later pages would show the uploads that it leaves unfinished.
        self.shoot("transfers", self._transfers(self.signed_in(project)))

    def _select(self, page: Page) -> Page:
        rows = page.locator(".list-body [role=row]")
        if self.size == "wide":
            for index in (0, 1, 2):
                rows.nth(index).locator("input").check()
        return page

    def _open_details(self, page: Page) -> Page:
        page.get_by_role("row", name="SampleSheet.csv").locator(".entry").click()
        page.get_by_role("button", name="Preview").click()
        page.get_by_text("Whole file").wait_for()
        return page

    def _choose(self, page: Page, files: list[dict]) -> Page:
        page.get_by_role("button", name="Upload", exact=True).click()
        with page.expect_file_chooser() as chooser:
            page.get_by_role("menuitem", name="Choose files").click()
        chooser.value.set_files(files)
        page.get_by_role("dialog").wait_for()
        return page

    def _upload_dialog(self, page: Page) -> Page:
        names = [f"S{sample:02d}_L003_R1_001.fastq.gz" for sample in range(1, 7)]
        self._choose(
            page, [{"name": name, "mimeType": "", "buffer": bytes(420_000 + 9000 * len(name))} for name in names]
        )
        page.get_by_text("Tags and metadata", exact=True).last.click()
        page.get_by_role("textbox", name="Tags").fill("raw")
        page.get_by_role("textbox", name="Tags").press("Enter")
        page.get_by_role("button", name="Add metadata").click()
        page.get_by_role("textbox", name="Key").fill("platform")
        page.get_by_role("textbox", name="Value").fill("NovaSeq X")
        return page

    def _transfers(self, page: Page) -> Page:
        # The network is slow, so that the picture shows an upload in progress.
        cdp = self.context.new_cdp_session(page)
        cdp.send("Network.enable")
        cdp.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 20, "downloadThroughput": 4 << 20, "uploadThroughput": 700 << 10},
        )
        files = [(f"S{sample:02d}_L003_R1_001.fastq.gz", 90_000 * sample) for sample in range(1, 10)]
        self._choose(page, [{"name": name, "mimeType": "", "buffer": bytes(size)} for name, size in files])
        page.get_by_role("button", name="Start upload").click()
        page.locator(".is-verified").nth(2).wait_for()
        page.wait_for_timeout(600)
        return page

    def _link(self) -> dict:
        for link in self.server.call("GET", "/upload_links", project=self.project["id"]).json()["items"]:
            self.server.call("DELETE", f"/upload_links/{link['id']}")
        parent = self.project["folders"]["fastq"]
        note = "Please send the FASTQ files of week 48 and the sample sheet.\nQuestions: sequencing@example.org"
        self.server.call(
            "POST",
            "/upload_links",
            {
                "parent": parent,
                "name": "Clinic north",
                "password": "correct horse",
                "note": "Exomes, one folder per sample",
            },
        )
        return self.server.call(
            "POST",
            "/upload_links",
            {"parent": parent, "name": "Samples of lab B", "max_files": 200, "max_bytes": 500 << 30, "note": note},
        ).json()

    def _webhooks(self) -> list[dict]:
        project = {"project": self.project["id"]}
        types = ["file.created", "upload.completed"]
        return [
            self.server.call("POST", "/webhooks", project | webhook).json()
            for webhook in (
                {"url": "https://lims.example.org/pontoon"},
                {"url": "https://pipelines.example.org/hooks/new-files", "types": types},
            )
        ]

    def _drop(self, link: dict) -> Page:
        page = self.page(f"/drop/{link['id']}#{link['secret']}")
        page.get_by_label("Your name").fill("Anna")
        page.get_by_role("button", name="Continue").click()
        page.locator(".drop-zone").wait_for()
        return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "docs/images")
    parser.add_argument("--only", default="", help="part of a suffix, such as light-wide")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        server = Server(pathlib.Path(data))
        server.start()
        try:
            project = Sample(server).run()
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            for theme in ("light", "dark"):
                for size in SIZES:
                    if options.only not in f"{theme}-{size}":
                        continue
                    camera = Camera(browser, server, project, options.folder, theme, size)
                    camera.all()
                    camera.close()
            browser.close()
        finally:
            server.stop()
    total = sum(file.stat().st_size for file in options.folder.glob("console-*.png"))
    print(f"{len(list(options.folder.glob('console-*.png')))} pictures, {total:,} bytes")


if __name__ == "__main__":
    main()
