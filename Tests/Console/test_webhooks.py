"""Webhooks of a project, with a receiver that verifies signatures."""

import contextlib
import re
import sqlite3
import subprocess
from collections.abc import Iterator

import pytest
import requests
from harness.console import Console, new_user
from harness.receiver import Receiver
from harness.server import PROJECT, Server
from playwright.sync_api import Locator, Page, expect
from support.server import BINARY, eventually

ROUTE = f"#/projects/{PROJECT}/webhooks"
FOUR_DAYS = 4 * 86_400_000

pytestmark = [
    # Starts the server before the page. Otherwise the server would stop first, and the page would log failed requests.
    pytest.mark.usefixtures("server"),
    pytest.mark.server("--webhook-allow", "127.0.0.0/8"),
]


@pytest.fixture
def console(page: Page, server: Server) -> Console:
    return Console(page, server)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


def add_webhook(server: Server, receiver: Receiver, *types: str) -> dict:
    """Creates a webhook with the API instead of the browser."""
    return server.call("POST", "/webhooks", {"project": PROJECT, "url": receiver.url, "types": types}).json()


def webhooks(server: Server) -> list[dict]:
    return server.call("GET", "/webhooks", project=PROJECT).json()["items"]


def row(page: Page, receiver: Receiver) -> Locator:
    """Returns the row of the webhook that sends to the receiver."""
    return page.locator(".link-list > li").filter(has_text=receiver.url)


def act(page: Page, receiver: Receiver, action: str) -> None:
    """Chooses an action from the menu of the webhook."""
    row(page, receiver).get_by_role("button", name="Actions for").click()
    page.get_by_role("menuitem", name=action, exact=True).click()


def refresh_until(page: Page, receiver: Receiver, text: str) -> None:
    """Reloads the list until the row of the webhook contains a text."""

    def is_shown() -> bool:
        page.get_by_role("button", name="Refresh", exact=True).click()
        return text in row(page, receiver).inner_text()

    eventually(is_shown, f"the webhook shows {text!r}")


def test_a_created_webhook_sends_signed_events_and_shows_its_secret_once(page, console, server, receiver):
    console.open().files()
    page.get_by_role("link", name="Webhooks", exact=True).click()
    expect(page.get_by_role("heading", name="No webhooks")).to_be_visible()
    page.get_by_role("button", name="New webhook").first.click()
    expect(console.dialog.get_by_label("URL")).to_be_focused()
    console.dialog.get_by_label("URL").fill(receiver.url)
    expect(console.dialog.get_by_role("checkbox")).to_have_count(0)
    console.dialog.get_by_label("Events").select_option("Only some types")
    console.dialog.get_by_role("button", name="Create webhook").click()
    expect(console.dialog_error).to_contain_text("at least one type")
    console.dialog.get_by_label("file.created").check()
    console.dialog.get_by_role("button", name="Create webhook").click()
    expect(console.dialog.get_by_text("shown only once")).to_be_visible()
    secret = console.dialog.locator("pre").inner_text()
    console.dialog.get_by_role("button", name="Copy").click()
    expect(console.dialog.get_by_role("button", name="Copied")).to_be_visible()
    console.dialog.get_by_role("button", name="Send test event").click()
    accepted = console.dialog.get_by_role("status").filter(has_text="accepted the test event with status 204")
    expect(accepted).to_be_visible()
    console.submit("Done")

    server.upload("reads.bam", b"reads")
    eventually(lambda: receiver.received("file.created", "reads.bam") != [], "the event is received")
    assert [it.event["type"] for it in receiver.deliveries] == ["org.pontoon.webhook.test", "org.pontoon.file.created"]
    assert all(it.is_signed(secret) for it in receiver.deliveries)
    assert not receiver.deliveries[0].is_signed("whsec_" + "A" * 32)
    refresh_until(page, receiver, "1 event accepted")
    expect(row(page, receiver)).to_contain_text("Active")
    expect(row(page, receiver).locator(".chip")).to_have_text(["file.created"])
    expect(row(page, receiver)).to_contain_text("accepted with status 204")

    assert secret not in page.content()
    page.reload()
    expect(row(page, receiver)).to_be_visible()
    assert secret not in page.content()


@pytest.mark.console_errors("400")
def test_a_malformed_url_is_explained_below_its_field(page, console, server, receiver):
    console.open(ROUTE)
    page.get_by_role("button", name="New webhook").first.click()
    url = console.dialog.get_by_label("URL")
    refusal = console.dialog.locator(".field", has=page.get_by_label("URL")).get_by_role("alert")
    for text, reason in [
        ("", "Enter a URL"),
        ("ftp://receiver.example", "must be an http or https URL"),
        ("http://receiver.example:22", "Port 22 is not allowed"),
    ]:
        url.fill(text)
        console.dialog.get_by_role("button", name="Create webhook").click()
        expect(refusal).to_contain_text(reason)
        expect(url).to_have_attribute("aria-invalid", "true")
        expect(url).to_have_attribute("aria-describedby", re.compile(refusal.evaluate("(it) => it.id")))
        expect(url).to_be_focused()
    assert webhooks(server) == []
    url.fill(receiver.url)
    console.dialog.get_by_role("button", name="Create webhook").click()
    expect(console.dialog.get_by_text("shown only once")).to_be_visible()
    console.submit("Done")
    expect(row(page, receiver)).to_contain_text("All events of the project")


def test_an_address_that_is_not_allowed_is_explained(page, console, server):
    console.open(ROUTE)
    page.get_by_role("button", name="New webhook").first.click()
    console.dialog.get_by_label("URL").fill("http://10.1.2.3/hook")
    console.dialog.get_by_role("button", name="Create webhook").click()
    console.dialog.get_by_role("button", name="Send test event").click()
    expect(console.dialog.get_by_role("status").filter(has_text="not on the public Internet")).to_be_visible()
    console.submit("Done")
    card = page.locator(".link-list > li")
    expect(card).to_contain_text("Nothing has been sent yet")
    server.upload("reads.bam", b"reads")
    eventually(lambda: webhooks(server)[0]["attempts"] > 0, "an attempt has failed")
    page.get_by_role("button", name="Refresh", exact=True).click()
    expect(card).to_contain_text("Failing")
    expect(card).to_contain_text("not on the public Internet")
    expect(card).to_contain_text("Next attempt")


def test_a_webhook_is_changed(page, console, server, receiver):
    add_webhook(server, receiver, "file.created", "file.deleted")
    console.open(ROUTE)
    row(page, receiver).get_by_role("button", name="Edit").click()
    expect(console.dialog.get_by_label("file.deleted")).to_be_checked()
    expect(console.dialog.get_by_label("file.moved")).not_to_be_checked()
    console.dialog.get_by_label("file.deleted").uncheck()
    console.dialog.get_by_label("URL").fill(f"{receiver.url}/2")
    console.submit("Save")
    console.toast("Webhook changed")
    expect(row(page, receiver).get_by_role("heading")).to_have_text(f"{receiver.url}/2")
    assert [(it["url"], it["types"]) for it in webhooks(server)] == [(f"{receiver.url}/2", ["file.created"])]
    row(page, receiver).get_by_role("button", name="Edit").click()
    console.dialog.get_by_label("Events").select_option("All events of the project")
    console.submit("Save")
    expect(row(page, receiver)).to_contain_text("All events of the project")
    assert webhooks(server)[0]["types"] == []


def test_a_disabled_webhook_sends_its_events_once_it_is_enabled(page, console, server, receiver):
    add_webhook(server, receiver, "file.created")
    console.open(ROUTE)
    act(page, receiver, "Disable")
    expect(row(page, receiver)).to_contain_text("Disabled")
    # The menu was redrawn with the list, and its button has the focus again.
    expect(row(page, receiver).get_by_role("button", name="Actions for")).to_be_focused()
    server.upload("reads.bam", b"reads")
    assert webhooks(server)[0]["state"] == "disabled" and receiver.deliveries == []
    act(page, receiver, "Enable")
    expect(row(page, receiver)).to_contain_text("Active")
    eventually(lambda: receiver.received("file.created", "reads.bam") != [], "the event is received")


def test_requests_have_signatures_with_both_secrets_after_a_rotation(page, console, server, receiver):
    old = add_webhook(server, receiver, "file.created")["secret"]
    console.open(ROUTE)
    act(page, receiver, "New secret…")
    console.dialog.get_by_role("button", name="Create secret").click()
    expect(console.dialog.get_by_text("shown only once")).to_be_visible()
    new = console.dialog.locator("pre").inner_text()
    console.submit("Done")
    assert new != old
    assert new not in page.content()
    server.upload("reads.bam", b"reads")
    eventually(lambda: receiver.deliveries != [], "the event is received")
    assert receiver.deliveries[0].is_signed(old) and receiver.deliveries[0].is_signed(new)


def test_a_webhook_is_deleted(page, console, server, receiver):
    add_webhook(server, receiver)
    console.open(ROUTE)
    act(page, receiver, "Delete…")
    expect(console.dialog).to_contain_text(receiver.url)
    page.keyboard.press("Escape")
    assert len(webhooks(server)) == 1
    act(page, receiver, "Delete…")
    console.submit("Delete webhook")
    console.toast("Webhook deleted")
    expect(page.get_by_role("heading", name="No webhooks")).to_be_visible()
    assert webhooks(server) == []


def test_a_webhook_whose_creator_left_is_suspended(page, console, server, receiver):
    token = new_user(server, "anna")
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "anna", "permissions": {"admin": True}})
    body = {"project": PROJECT, "url": receiver.url}
    headers = {"X-SBG-Auth-Token": token}
    assert requests.post(f"{server.origin}/v2/webhooks", json=body, headers=headers).status_code == 201
    server.call("DELETE", f"/projects/{PROJECT}/members/anna")
    console.open(ROUTE)
    expect(row(page, receiver).locator(".pill")).to_have_text("Suspended")
    expect(row(page, receiver)).to_contain_text("anna, who created the webhook, is disabled or may no longer read the project")


def test_only_admins_of_the_project_see_its_webhooks(page, console, server, receiver):
    add_webhook(server, receiver)
    command = [BINARY, "webhook", "create", "https://receiver.example/all", "--data", server.data]
    subprocess.run(command, check=True, capture_output=True)
    token = new_user(server, "ben")
    rights = {"read": True, "copy": True, "write": True}
    server.call("POST", f"/projects/{PROJECT}/members", {"username": "ben", "permissions": rights})
    console.open(ROUTE)
    expect(row(page, receiver)).to_be_visible()
    # The list of a project does not contain webhooks of all projects.
    expect(page.locator(".link-list > li")).to_have_count(1)

    page.evaluate("() => sessionStorage.clear()")
    page.goto("about:blank")
    console.open(token=token).files()
    expect(page.get_by_role("link", name="Members", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Webhooks", exact=True)).to_have_count(0)
    console.go(ROUTE)
    expect(page.get_by_text("Only admins of the project can see")).to_be_visible()
    expect(page.get_by_role("button", name="New webhook")).to_have_count(0)
    assert receiver.url not in page.content() and "receiver.example" not in page.content()


@pytest.mark.server("--event-retention", "0s")
def test_without_the_extension_there_is_no_section(page, console, server):
    assert "webhooks" not in server.call("GET", "/").json()["extensions"]
    console.open().files()
    expect(page.get_by_role("link", name="Settings", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Webhooks", exact=True)).to_have_count(0)


@pytest.mark.console_errors("400", "410")
def test_a_webhook_continues_from_another_position(page, console, server, receiver):
    before = add_webhook(server, receiver, "file.created")["cursor"]
    server.upload("first.bam", b"first")
    eventually(lambda: receiver.received("file.created", "first.bam") != [], "the event is received")
    console.open(ROUTE)
    act(page, receiver, "Continue from another position…")
    cursor = console.dialog.get_by_label("Cursor")
    for text, reason in [("", "Enter a cursor"), ("x", "must be the cursor"), ("0123456789abcdef.1", "no longer valid")]:
        cursor.fill(text)
        console.dialog.get_by_role("button", name="Continue there").click()
        expect(console.dialog.locator(".field").get_by_role("alert")).to_contain_text(reason)
        expect(cursor).to_be_focused()
    cursor.fill(before)
    console.submit("Continue there")
    console.toast("continues from the new position")
    eventually(lambda: len(receiver.received("file.created", "first.bam")) == 2, "the event is received again")

    act(page, receiver, "Disable")
    expect(row(page, receiver)).to_contain_text("Disabled")
    server.upload("skipped.bam", b"skipped")
    act(page, receiver, "Continue from another position…")
    console.dialog.get_by_label("Send", exact=True).select_option("only new events")
    expect(console.dialog.get_by_label("Cursor")).to_be_hidden()
    console.submit("Continue there")
    act(page, receiver, "Enable")
    expect(row(page, receiver)).to_contain_text("Active")
    server.upload("second.bam", b"second")
    eventually(lambda: receiver.received("file.created", "second.bam") != [], "the next event is received")
    assert receiver.received("file.created", "skipped.bam") == []


def age(server: Server) -> None:
    """Makes the stored events and failures four days older. The server must be stopped."""
    with contextlib.closing(sqlite3.connect(server.data / "pontoon.sqlite", timeout=120)) as database, database:
        database.execute("UPDATE events SET occurred_on = occurred_on - ?", (FOUR_DAYS,))
        database.execute(
            "UPDATE webhooks SET failing_since = failing_since - ?, next_attempt_on = next_attempt_on - ?",
            (FOUR_DAYS, FOUR_DAYS),
        )


def test_events_that_were_given_up_are_listed_and_sent_again(page, console, server, receiver):
    receiver.status = 500
    secret = add_webhook(server, receiver, "file.created")["secret"]
    server.upload("reads.bam", b"reads")
    eventually(lambda: webhooks(server)[0]["attempts"] > 0, "an attempt has failed")
    server.stop()
    age(server)
    server.start()
    eventually(lambda: webhooks(server)[0]["dead"] == 1, "the event is abandoned")
    receiver.status = 204
    received = len(receiver.deliveries)
    console.open(ROUTE)
    row(page, receiver).get_by_role("button", name="1 event abandoned").click()
    expect(console.dialog).to_contain_text("org.pontoon.file.created")
    expect(console.dialog).to_contain_text("the receiver responded with status 500")
    console.dialog.get_by_role("button", name="Send org.pontoon.file.created").click()
    expect(console.dialog.get_by_text("Will be sent again")).to_be_visible()
    expect(console.dialog.get_by_role("button", name="Send org.pontoon.file.created")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(console.dialog).to_have_count(0)
    eventually(lambda: len(receiver.deliveries) > received, "the event is sent again")
    assert receiver.deliveries[-1].is_signed(secret)
    assert receiver.deliveries[-1].event["data"]["name"] == "reads.bam"
    act(page, receiver, "Abandoned events…")
    expect(console.dialog).to_be_visible()
