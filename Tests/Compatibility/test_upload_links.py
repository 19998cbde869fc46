"""A sender without an account uploads through a link, and the file arrives with its labels."""

import pytest
import requests
from pytest_check import check

from support.caller import Caller


@pytest.mark.own_server
def test_a_sender_uploads_until_the_link_is_revoked(server, object_store):
    admin = Caller(server.endpoint, server.token)
    link = admin.create("/upload_links", {"project": "admin/uploads", "name": "Lab B", "password": "correct horse"}, 201)
    secret = {"X-Pontoon-Upload-Link": link["secret"]}
    body = {"password": "correct horse", "sender": "Anna"}
    session = requests.post(server.endpoint + "/upload_links/session", json=body, headers=secret)
    assert session.status_code == 201, session.text
    sender = Caller(server.endpoint, session.json()["token"])
    labels = {"metadata": {"sample": "1"}, "tags": ["run 7"]}
    expected = {"sample": "1", "upload_link": "Lab B", "sender": "Anna"}
    for name, data in (("full", b"sent bytes"), ("empty", b"")):
        started = sender.create("/upload/multipart", {"name": name, "size": len(data), "path": ["run"]} | labels, 200)
        parts = [sender.send(started["upload_id"], 1, data)] if data else []
        complete = f"/upload/multipart/{started['upload_id']}/complete"
        sent = sender.create(complete, {"parts": parts}, 201)
        file = admin.call("GET", f"/files/{sent['id']}", status=200).json()
        for answer in (sent, file):
            check.equal((answer["metadata"], answer["tags"]), (expected, ["run 7"]), name)
        check.equal(file["size"], len(data), name)
    usage = admin.call("GET", f"/upload_links/{link['id']}", status=200).json()["usage"]
    check.equal((usage["files"], usage["bytes"], usage["open_uploads"]), (2, 10, 0), "usage")
    sender.create("/upload/multipart", {"name": "open", "size": 10}, 200)
    admin.call("DELETE", f"/upload_links/{link['id']}", status=204)
    sender.call("GET", "/upload/multipart", status=401)
    check.equal(admin.call("GET", "/upload/multipart", status=200).json()["items"], [], "open uploads")
    check.equal(len(object_store.finished()), 2, "stored objects")
