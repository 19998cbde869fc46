"""Signing in, projects and members."""

from datetime import UTC, datetime

import pytest
import requests
from harness.console import Console, new_user
from harness.server import PROJECT, Server
from playwright.sync_api import Page, Request, expect

WRONG = "0" * 32

# Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


def storage(page: Page) -> dict[str, str]:
    """Returns everything in web storage."""
    return page.evaluate("() => ({ ...localStorage, ...sessionStorage })")


def test_the_token_of_the_address_signs_in_and_leaves_no_trace(page, server):
    requested: list[Request] = []
    page.on("request", lambda request: requested.append(request))
    page.goto(f"{server.origin}/#token={server.token}")
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    assert server.token not in page.url
    assert page.evaluate("() => history.length") == 1 or server.token not in page.evaluate("() => location.href")
    assert requested and all(server.token not in request.url for request in requested)
    page.reload()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    page.go_back()
    assert server.token not in page.url


def test_a_pasted_token_signs_in_for_the_tab_or_for_longer(page, context, server):
    page.goto(server.origin)
    page.get_by_label("Token", exact=True).fill(f"  {server.token} ")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()
    other = context.new_page()
    other.goto(server.origin)
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()
    other.get_by_label("Token", exact=True).fill(server.token)
    other.get_by_label("Keep me signed in").check()
    other.get_by_role("button", name="Sign in").click()
    expect(other.get_by_role("heading", name="Projects")).to_be_visible()
    third = context.new_page()
    third.goto(server.origin)
    expect(third.get_by_role("heading", name="Projects")).to_be_visible()


@pytest.mark.console_errors("401")
def test_a_wrong_token_is_explained(page, server):
    page.goto(f"{server.origin}/#token={WRONG}")
    expect(page.get_by_role("alert").filter(has_text="not valid")).to_be_visible()
    page.get_by_label("Token", exact=True).fill(WRONG)
    page.get_by_label("Token", exact=True).press("Enter")
    expect(page.get_by_role("alert").filter(has_text="does not accept this token")).to_be_visible()
    expect(page.get_by_label("Token", exact=True)).to_be_focused()
    assert storage(page) == {}


def test_signing_out_forgets_everything(page, console):
    console.open()
    page.get_by_role("button", name="Dark").click()
    assert storage(page) != {}
    page.get_by_role("button", name="Sign out").click()
    console.dialog.get_by_label("Also forget this browser’s unfinished uploads").check()
    console.dialog.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert storage(page) == {}
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_project_is_created_found_changed_and_deleted(page, console, server):
    console.open()
    page.get_by_role("button", name="New project").click()
    console.dialog.get_by_label("Name").fill("Run 0412")
    console.dialog.get_by_label("Description").fill("Paired-end")
    console.submit("Create project")
    expect(page.get_by_role("heading", name="Run 0412")).to_be_visible()
    expect(page.get_by_text("This folder is empty")).to_be_visible()
    console.go("#/projects")
    page.get_by_label("Search projects").fill("0412")
    expect(page.locator(".project-row")).to_have_count(1)
    page.get_by_label("Search projects").fill("nothing like this")
    expect(page.get_by_text("No project matches")).to_be_visible()
    console.go("#/projects/admin/run-0412/settings")
    page.get_by_label("Name").fill("Run 0413")
    page.get_by_role("button", name="Save").click()
    console.toast("Project changed")
    assert server.call("GET", "/projects/admin/run-0412").json()["name"] == "Run 0413"
    page.get_by_role("button", name="Delete project…").click()
    console.dialog.get_by_role("textbox").fill("another name")
    console.dialog.get_by_role("button", name="Delete project").click()
    expect(console.dialog_error).to_contain_text("not the name")
    console.dialog.get_by_role("textbox").fill("Run 0413")
    console.submit("Delete project")
    console.toast("deleted")
    assert [project["id"] for project in server.call("GET", "/projects").json()["items"]] == [PROJECT]


def test_settings_show_the_usage_of_a_project(page, console, server):
    project = server.call("POST", "/projects", {"name": "Usage"}).json()["id"]
    server.call("POST", "/upload/multipart", {"project": project, "name": "open.bin", "size": 3 << 20})
    console.open(f"#/projects/{project}/settings")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("Reserved by uploads3.00 MiB")
    expect(facts).to_contain_text("Quotanone")
    expect(facts).to_contain_text("Unfinished uploads1")


def test_members_are_added_changed_and_removed(page, console, server):
    token = new_user(server, "anna")
    console.open(f"#/projects/{PROJECT}/members")
    page.get_by_role("button", name="Add member").click()
    console.dialog.get_by_label("User name").fill("anna")
    console.submit("Add")
    expect(page.get_by_label("anna: Download")).to_be_checked()
    page.get_by_label("anna: Write").check()
    console.toast("Permissions of anna changed")
    members = {
        member["username"]: member for member in server.call("GET", f"/projects/{PROJECT}/members").json()["items"]
    }
    assert members["anna"]["permissions"]["write"] and not members["anna"]["permissions"]["admin"]
    expect(page.get_by_label("admin: Administer")).to_be_disabled()
    answer = requests.get(f"{server.origin}/v2/projects", headers={"X-SBG-Auth-Token": token})
    assert [project["id"] for project in answer.json()["items"]] == [PROJECT]
    page.get_by_role("button", name="Remove anna").click()
    console.submit("Remove")
    expect(page.get_by_label("anna: Write")).to_have_count(0)


def test_a_member_leaves_a_project(page, console, server):
    token = new_user(server, "dora")
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "dora", "permissions": {"read": True}})
    console.open(f"#/projects/{PROJECT}/members", token=token)
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    page.get_by_role("button", name="Leave the project").click()
    console.submit("Leave")
    console.toast("You left the project")
    expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    answer = requests.get(f"{server.origin}/v2/projects", headers={"X-SBG-Auth-Token": token})
    assert answer.json()["items"] == []


def test_a_token_is_created_shown_once_and_revoked(page, console, server):
    console.open("#/account")
    page.get_by_role("button", name="New token").click()
    console.dialog.get_by_label("Name").fill("sequencer")
    console.dialog.get_by_label("Allows").select_option("upload")
    console.dialog.get_by_label("Project").select_option(PROJECT)
    console.dialog.get_by_role("button", name="Create token").click()
    expect(console.dialog.get_by_text("shown only once")).to_be_visible()
    token = console.dialog.locator("pre").inner_text()
    console.submit("Done")
    row = page.get_by_role("listitem").filter(has_text="sequencer")
    expect(row).to_contain_text(f"Only in {PROJECT}")
    expect(row).to_contain_text("Upload")
    expect(page.get_by_text("In use", exact=True)).to_have_count(1)
    headers = {"X-SBG-Auth-Token": token}
    listed = requests.get(f"{server.origin}/v2/tokens", headers=headers).json()["items"]
    assert [(entry["scope"], entry["projects"]) for entry in listed] == [("upload", [PROJECT])]
    assert 85 < (datetime.fromisoformat(listed[0]["expires"]) - datetime.now(UTC)).days < 95
    row.get_by_role("button", name="Revoke").click()
    console.submit("Revoke")
    expect(row).to_have_count(0)
    assert requests.get(f"{server.origin}/v2/user", headers=headers).status_code == 401
    assert token not in page.locator("#main").inner_text()


@pytest.mark.console_errors("404")
def test_an_unknown_user_is_explained_in_the_dialog(page, console):
    console.open(f"#/projects/{PROJECT}/members")
    page.get_by_role("button", name="Add member").click()
    console.dialog.get_by_label("User name").fill("nobody")
    console.dialog.get_by_role("button", name="Add").click()
    expect(console.dialog_error).not_to_be_empty()
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)


def test_a_member_without_write_sees_no_actions_that_would_fail(page, console, server):
    token = new_user(server, "ben")
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "ben", "permissions": {"read": True}})
    server.upload("a.txt", b"a")
    console.open(token=token).files()
    expect(page.get_by_role("button", name="Upload", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="New folder")).to_have_count(0)
    console.row("a.txt").get_by_role("button", name="Actions for a.txt").click()
    expect(page.get_by_role("menuitem")).to_have_text(["Details"])


@pytest.mark.console_errors("401")
def test_a_revoked_token_leads_to_the_sign_in_page_and_back(page, console, server):
    anna = new_user(server, "anna")
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "anna", "permissions": {"read": True}})
    console.open(token=anna).files()
    revoked = page.evaluate("() => sessionStorage['pontoon.token']")
    page.route("**/v2/**", lambda route: route.continue_(headers=route.request.headers | {"x-sbg-auth-token": WRONG}))
    page.evaluate("() => { window.location.hash = '#/projects/admin/uploads/members'; }")
    expect(page.get_by_role("alert").filter(has_text="no longer accepts your token")).to_be_visible()
    assert revoked not in str(storage(page))
    page.unroute("**/v2/**")
    page.get_by_label("Token", exact=True).fill(server.token)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Add member")).to_be_visible()


@pytest.mark.console_errors("404")
def test_an_address_of_nothing_is_explained(page, console):
    console.open().go("#/projects/admin/nothing/files")
    expect(page.get_by_role("heading", name="Not found")).to_be_visible()
    page.get_by_role("link", name="Go to projects").click()
    expect(page.get_by_role("heading", name="Projects")).to_be_visible()


def test_server_and_account_show_what_the_api_says(page, console, server):
    console.open("#/server")
    expect(page.get_by_role("status").filter(has_text="Ready")).to_be_visible()
    for extension in server.call("GET", "/").json()["extensions"]:
        expect(page.get_by_text(extension, exact=True)).to_be_visible()
    expect(page.get_by_text("This version of the console does not know")).to_have_count(0)
    console.go("#/account")
    expect(page.get_by_text(f"{server.origin}/v2", exact=True)).to_be_visible()
    assert server.token not in page.locator("#main").inner_text()
