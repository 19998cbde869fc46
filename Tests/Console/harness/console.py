"""The console as a user operates it."""

import pathlib
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import FileChooser, Locator, Page, expect
from support.server import BINARY

from .server import PROJECT, Server

# Playwright cannot control Chromium's file pickers, but it can set the files of an `<input type="file">`.
WITHOUT_PICKER = "delete window.showOpenFilePicker; delete window.showDirectoryPicker;"


class Console:
    """A page with the console, signed in by `open`."""

    def __init__(self, page: Page, server: Server) -> None:
        self.page, self.server = page, server
        page.add_init_script(WITHOUT_PICKER)

    def open(self, route: str = "", token: str | None = None) -> "Console":
        """Signs in with a sign-in link and goes to a view."""
        self.page.goto(f"{self.server.origin}/#token={token or self.server.token}")
        # Files cannot be chosen or dropped earlier.
        self.page.locator(".dock > .transfers").wait_for(state="attached")
        return self.go(route) if route else self

    def go(self, route: str) -> "Console":
        """Goes to a view, such as `#/projects`, and waits until it is drawn."""
        self.page.evaluate("(route) => { window.location.hash = route; }", route)
        self.page.locator(f'#main[data-shown="{route}"]').wait_for()
        return self

    def files(self, folder: str = "", project: str = PROJECT) -> "Console":
        """Goes to a folder of a project, and waits until its entries are shown."""
        self.go(f"#/projects/{project}/files" + (f"/{folder}" if folder else ""))
        self.page.locator(".files-list .list-body [data-id], .empty-area .empty").first.wait_for()
        return self

    def row(self, name: str) -> Locator:
        """The row of a file or folder."""
        return self.page.locator(".files-list .list-body [role=row]").filter(
            has=self.page.get_by_text(name, exact=True)
        )

    def names(self) -> list[str]:
        """The names of the shown entries."""
        return self.page.locator(".files-list .list-body .entry").all_inner_texts()

    def expect_names(self, *names: str) -> None:
        """Waits until the folder shows these entries, in this order."""
        expect(self.page.locator(".files-list .list-body .entry")).to_have_text(list(names))

    def details(self, name: str) -> Locator:
        """Opens the details of a file."""
        self.row(name).locator(".cell-size").click()
        return self.page.get_by_role("complementary", name="Details")

    def act(self, name: str, action: str) -> None:
        """Chooses an action from the menu of an entry."""
        self.row(name).get_by_role("button", name=f"Actions for {name}").click()
        self.page.get_by_role("menuitem", name=action, exact=True).click()

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    @property
    def dialog_error(self) -> Locator:
        """The dialog's error about its fields. Excludes toasts, which may also be in a dialog."""
        return self.dialog.locator(".form-error[role=alert]")

    def submit(self, label: str) -> None:
        """Submits the dialog, and waits until it is closed."""
        self.dialog.get_by_role("button", name=label, exact=True).click()
        expect(self.dialog).to_have_count(0)

    def choose(self, *files: pathlib.Path | dict, folder: bool = False) -> Locator:
        """Chooses files to upload. Returns the dialog that asks for the options."""
        with self.chooser() as chooser:
            self.page.get_by_role("button", name="Upload", exact=True).click()
            self.page.get_by_role("menuitem", name="Choose a folder" if folder else "Choose files").click()
        chooser[0].set_files(files[0] if folder else list(files))
        self.dialog.wait_for()
        return self.dialog

    @contextmanager
    def chooser(self) -> Iterator[list[FileChooser]]:
        """Yields a list, which contains the browser's file chooser after the body has opened it."""
        found: list[FileChooser] = []
        with self.page.expect_file_chooser() as chooser:
            yield found
        found.append(chooser.value)

    @property
    def transfers(self) -> Locator:
        return self.page.locator(".transfers")

    def expect_transfers(self, text: str) -> None:
        """Waits until the panel of uploads shows this text."""
        expect(self.transfers.locator(".transfer-head")).to_contain_text(text)

    def upload(self, *files: pathlib.Path | dict) -> None:
        """Uploads files with the default options."""
        self.choose(*files)
        self.submit("Start upload")
        self.expect_transfers(f"{len(files)} verified")

    def toast(self, text: str) -> None:
        """Waits for a toast with this text."""
        expect(self.page.locator(".toast").filter(has_text=text).first).to_be_visible()


def text_file(name: str, content: str = "content") -> dict:
    """Returns a file for `choose` that exists only in memory."""
    return {"name": name, "mimeType": "text/plain", "buffer": content.encode()}


def new_user(server: Server, name: str) -> str:
    """Adds a user and returns a token for that user."""

    def administer(*arguments: str) -> str:
        command = [BINARY, *arguments, "--data", server.data]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    administer("user", "add", name)
    return administer("token", "create", name)
