"""Uploads many files at once to servers that are killed meanwhile, together with their stores; a Swift test does that.

The official client uploads each file and retries as the server's answers allow. Where it gives up, plain calls continue
the upload, as a program that resumes uploads would. At the end every file is downloaded and compared.

    cluster_load.py FILES PART_SIZE

SB_API_ENDPOINT and SB_AUTH_TOKEN name the servers and the user.
"""

import pathlib
import random
import sys
import tempfile
import threading
import time
from os import environ

import requests
from sevenbridges.http.error_handlers import maintenance_sleeper

from support import client

PROJECT = "admin/uploads"
# Seconds within which everything must be uploaded, however often servers and stores are killed.
DEADLINE = 180


def main():
    files, part_size = int(sys.argv[1]), int(sys.argv[2])
    deadline = time.monotonic() + DEADLINE
    with client.collected_thread_errors() as errors, tempfile.TemporaryDirectory() as name:
        folder, sent = pathlib.Path(name), {}
        threads = [
            threading.Thread(target=send, args=(folder, number, part_size, sent, deadline)) for number in range(files)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect(sorted(sent), [name_of(number) for number in range(files)], f"uploaded files; exceptions: {errors}")
        compare(folder, sent)


def expect(found, wanted, what):
    if found != wanted:
        sys.exit(f"{what}: {found!r} instead of {wanted!r}")


def name_of(number):
    return f"{number:03} of many.bin"


def send(folder, number, part_size, sent, deadline):
    name = name_of(number)
    path = folder / name
    digest = client.write_random(path, (number // 2) * part_size + 100_000 + number, seed=number)
    retries = Retries(deadline)
    api = client.connect(
        environ["SB_API_ENDPOINT"], token=environ["SB_AUTH_TOKEN"], error_handlers=[retries.error_handler]
    )
    # Its sleep of five minutes would come before ours.
    api.remove_error_handler(maintenance_sleeper)
    transfer = api.files.upload(str(path), project=PROJECT, part_size=part_size, wait=False)
    transfer.start()
    transfer.wait()
    upload = transfer._upload_id
    if transfer.status != "COMPLETED":
        if not upload:
            upload = retries.until_answered(lambda: start(retries, path, part_size))
            if upload is None:
                raise DeadlineExceeded(f"{name} could not be started")
        resume(retries, upload, path, part_size)
    sent[name] = digest


class DeadlineExceeded(Exception):
    """Something was not done in time."""


class Retries:
    """Repeats calls that got no answer or a temporary refusal."""

    def __init__(self, deadline):
        self.deadline = deadline
        self.headers = {"X-SBG-Auth-Token": environ["SB_AUTH_TOKEN"]}
        self.base = environ["SB_API_ENDPOINT"]

    def error_handler(self, api, response):
        """An error handler of the client that repeats calls after a temporary refusal."""
        while response.status_code in (502, 503, 504) and time.monotonic() < self.deadline:
            pause()
            response = api.session.send(response.request)
        return response

    def call(self, method, path, body=None):
        """Makes a call until it gets an answer that is no temporary refusal."""
        return self.until_answered(
            lambda: requests.request(method, self.base + path, json=body, headers=self.headers, timeout=20)
        )

    def until_answered(self, attempt):
        while True:
            try:
                answer = attempt()
                if getattr(answer, "status_code", 200) < 500:
                    return answer
                problem = f"{answer.status_code} {answer.text}"
            except requests.RequestException as error:
                problem = repr(error)
            if time.monotonic() > self.deadline:
                raise DeadlineExceeded(f"no answer: {problem}")
            pause()


def pause():
    time.sleep(0.2 + random.random() / 5)


def start(retries, path, part_size):
    body = {"project": PROJECT, "name": path.name, "size": path.stat().st_size, "part_size": part_size}
    return retries.call("POST", "/upload/multipart", body).json().get("upload_id")


def resume(retries, upload, path, part_size):
    """Sends the parts that the servers lack until the upload is complete."""
    numbers = range(1, max(1, -(-path.stat().st_size // part_size)) + 1)
    while time.monotonic() < retries.deadline:
        completed = retries.call("POST", f"/upload/multipart/{upload}/complete")
        if completed.status_code == 201:
            return
        details = retries.call("GET", f"/upload/multipart/{upload}?list_parts=true")
        if details.status_code == 200:
            stored = {part["part_number"] for part in details.json().get("parts", [])}
            for number in numbers:
                if number not in stored:
                    send_part(retries, upload, path, part_size, number)
        time.sleep(0.2)
    raise DeadlineExceeded(f"{path.name} was not completed: {completed.status_code} {completed.text}")


def send_part(retries, upload, path, part_size, number):
    with path.open("rb") as file:
        file.seek((number - 1) * part_size)
        part = file.read(part_size)
    info = retries.call("GET", f"/upload/multipart/{upload}/part/{number}")
    if info.status_code != 200:
        return
    stored = retries.until_answered(lambda: requests.put(info.json()["url"], data=part, timeout=20))
    report = {"part_number": number, "response": {"headers": {"ETag": stored.headers.get("ETag", "")}}}
    retries.call("POST", f"/upload/multipart/{upload}/part", report)


def compare(folder, sent):
    api = client.connect(environ["SB_API_ENDPOINT"], token=environ["SB_AUTH_TOKEN"])
    files = list(api.files.query(project=PROJECT, limit=100).all())
    expect(sorted(file.name for file in files), sorted(sent), "listed files")
    for file in files:
        expect(client.download(file, folder / "back"), sent[file.name], f"SHA-256 of {file.name}")


if __name__ == "__main__":
    main()
