"""API calls without the official client."""

import requests

PACKAGES = "/automation/upload"


class Caller:
    """Calls one server as one user."""

    def __init__(self, endpoint, token):
        self.endpoint = endpoint
        self.session = requests.Session()
        self.session.headers["X-SBG-Auth-Token"] = token

    @property
    def origin(self):
        """Scheme, host and port."""
        return self.endpoint.removesuffix("/v2")

    def call(self, method, path, body=None, status=None):
        answer = self.session.request(method, self.endpoint + path, json=body)
        assert status in (None, answer.status_code), f"{method} {path}: {answer.status_code} {answer.text}"
        return answer

    def create(self, path, body, status):
        """Posts a body and returns the JSON of the response."""
        return self.call("POST", path, body, status).json()

    def start(self, name, size, root="/upload/multipart", **fields):
        """Starts an upload and returns its id."""
        if root == "/upload/multipart" and "parent" not in fields:
            fields = {"project": "admin/uploads"} | fields
        return self.create(root, {"name": name, "size": size} | fields, 200)["upload_id"]

    def send(self, upload, number, data, root="/upload/multipart"):
        """Sends a part and returns the body of its report, but does not report it."""
        url = self.call("GET", f"{root}/{upload}/part/{number}", status=200).json()["url"]
        answer = requests.put(url, data=data)
        assert answer.status_code == 200, answer.text
        return {"part_number": number, "response": {"headers": {"ETag": answer.headers["ETag"]}}}

    def upload(self, name, data, root="/upload/multipart", **fields):
        """Uploads a file and returns its id."""
        upload = self.start(name, len(data), root, **fields)
        report = self.send(upload, 1, data, root)
        return self.create(f"{root}/{upload}/complete", {"parts": [report]}, 201)["id"]

    def folder(self, name, **place):
        """Creates a folder and returns its id."""
        place = place or {"project": "admin/uploads"}
        return self.create("/files", {"name": name, "type": "folder"} | place, 201)["id"]
