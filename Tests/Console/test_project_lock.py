"""Locking and unlocking a project in its settings."""

import pytest
import requests
from harness.console import Console, new_user, text_file
from harness.server import PROJECT, Server
from playwright.sync_api import BrowserContext, Page, expect

SETTINGS = f"#/projects/{PROJECT}/settings"

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def settings(server: Server) -> dict:
    return server.call("GET", f"/projects/{PROJECT}", fields="_all").json()["settings"]


@pytest.mark.console_errors("403")
def test_a_locked_project_refuses_uploads_until_it_is_unlocked(page, context: BrowserContext, console, server):
    server.call("PATCH", f"/projects/{PROJECT}", {"settings": {"locked": False, "reviewed": "2026"}})
    # This page is opened before the project is locked.
    other = Console(context.new_page(), server).open().files()
    console.open(SETTINGS)
    expect(page.get_by_text("Nobody can change the files of a locked project")).to_be_visible()
    page.get_by_role("button", name="Lock project").click()
    console.toast("Project locked")
    expect(page.get_by_role("button", name="Unlock project")).to_be_visible()
    expect(page.locator(".project-head").get_by_text("Locked", exact=True)).to_be_visible()
    assert settings(server) == {"locked": True, "reviewed": "2026"}
    # The server would refuse to delete the project.
    expect(page.get_by_text("Unlock the project to delete it")).to_be_visible()
    expect(page.get_by_role("button", name="Delete project…")).to_have_count(0)

    other.choose(text_file("reads.txt", "reads"))
    other.submit("Start upload")
    other.expect_transfers("1 failed")
    expect(other.transfers).to_contain_text(f"Project {PROJECT} is locked")
    assert server.files() == {}
    console.files()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_have_count(0)

    console.go(SETTINGS)
    page.get_by_role("button", name="Unlock project").click()
    console.toast("Project unlocked")
    expect(page.get_by_role("button", name="Lock project", exact=True)).to_be_visible()
    assert settings(server) == {"locked": False, "reviewed": "2026"}
    other.transfers.get_by_role("button", name="Retry failed files").click()
    other.expect_transfers("1 verified")
    assert server.download(server.files()["reads.txt"]) == b"reads"
    console.files()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_be_visible()


def test_members_see_that_a_project_is_locked_but_cannot_unlock_it(page, console, server):
    token = new_user(server, "ben")
    rights = {"read": True, "copy": True, "write": True}
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "ben", "permissions": rights})
    console.open(SETTINGS, token=token)
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    expect(page.get_by_role("heading", name="Lock", exact=True)).to_have_count(0)
    server.call("PATCH", f"/projects/{PROJECT}", {"settings": {"locked": True}})
    page.reload()
    expect(page.get_by_text("The project is locked. An admin of the project can unlock it.")).to_be_visible()
    expect(page.get_by_role("button", name="Unlock project")).to_have_count(0)
    # The name of a locked project can be changed.
    page.get_by_label("Name").fill("Finished run")
    page.get_by_role("button", name="Save").click()
    console.toast("Project changed")
    headers = {"X-SBG-Auth-Token": token}
    project = requests.get(f"{server.origin}/v2/projects/{PROJECT}", headers=headers).json()
    assert (project["name"], project["settings"]["locked"]) == ("Finished run", True)


def test_no_upload_links_are_created_in_a_locked_project(page, console, server):
    server.call("POST", "/upload_links", {"project": PROJECT, "name": "Lab B"})
    server.call("PATCH", f"/projects/{PROJECT}", {"settings": {"locked": True}})
    console.open(f"#/projects/{PROJECT}/links")
    expect(page.get_by_text("The project is locked. Until an admin unlocks it")).to_be_visible()
    expect(page.get_by_role("button", name="New link")).to_have_count(0)
    page.get_by_role("button", name="Revoke “Lab B”").click()
    console.submit("Revoke")
    expect(page.get_by_role("heading", name="No upload links")).to_be_visible()
    expect(page.get_by_role("button", name="New link")).to_have_count(0)
