"""A server with something of everything, made through its API; both the golden bodies and the fuzzer start from it."""

import os

import requests


class Caller:
    """Calls one server as one user."""

    def __init__(self, token):
        self.endpoint = os.environ["SB_API_ENDPOINT"]
        self.session = requests.Session()
        self.session.headers["X-SBG-Auth-Token"] = token

    def call(self, method, path, body=None, status=None):
        answer = self.session.request(method, self.endpoint + path, json=body)
        if status is not None and answer.status_code != status:
            raise AssertionError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def make(self, path, body, status):
        return self.call("POST", path, body, status).json()

    def start(self, name, size, root="/upload/multipart", **fields):
        if root == "/upload/multipart" and "parent" not in fields:
            fields = {"project": "admin/uploads"} | fields
        return self.make(root, {"name": name, "size": size} | fields, 200)["upload_id"]

    def send(self, upload, number, data, root="/upload/multipart"):
        """Sends a part; the report of it is the caller's."""
        url = self.call("GET", f"{root}/{upload}/part/{number}", status=200).json()["url"]
        answer = requests.put(url, data=data)
        assert answer.status_code == 200, answer.text
        return {"part_number": number, "response": {"headers": {"ETag": answer.headers["ETag"]}}}

    def upload(self, name, data, root="/upload/multipart", **fields):
        """A whole file; its id."""
        upload = self.start(name, len(data), root, **fields)
        report = self.send(upload, 1, data, root)
        return self.make(f"{root}/{upload}/complete", {"parts": [report]}, 201)["id"]

    def folder(self, name, **place):
        place = place or {"project": "admin/uploads"}
        return self.make("/files", {"name": name, "type": "folder"} | place, 201)["id"]


PACKAGES = "/automation/upload"
