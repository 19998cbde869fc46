"""Sends many files at once through a service whose servers and stores are ended in the middle.

Each file goes by the official client, which repeats what it is told to repeat. Where it gives up, what is missing is sent
by plain calls, as a program does that resumes an upload. In the end every file is read back.

Usage: cluster.py FILES PART_SIZE
"""

import os
import random
import sys
import threading
import time

import requests
from sevenbridges.http.error_handlers import maintenance_sleeper

import client

PATIENCE = 150


def main():
    files, part_size = int(sys.argv[1]), int(sys.argv[2])
    deadline = time.monotonic() + PATIENCE
    errors = client.errors_of_threads()
    with client.folder() as folder:
        sent = {}
        threads = [threading.Thread(target=send, args=(folder, n, part_size, sent, deadline)) for n in range(files)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        client.check(sorted(sent), [name_of(n) for n in range(files)], f"files that were sent; {errors}")
        check(folder, sent)


def name_of(number):
    return f"{number:03} of many.bin"


def send(folder, number, part_size, sent, deadline):
    name = name_of(number)
    path = os.path.join(folder, name)
    digest = client.write_random(path, (number // 2) * part_size + 100_000 + number, seed=number)
    again = Again(deadline)
    api = client.connect(error_handlers=[again.handler])
    # It would sleep for five minutes first.
    api.remove_error_handler(maintenance_sleeper)
    transfer = api.files.upload(path, project=client.PROJECT, part_size=part_size, wait=False)
    transfer.start()
    transfer.wait()
    upload = transfer._upload_id
    if transfer.status != "COMPLETED":
        if not upload:
            upload = again.until_answered(lambda: begin(again, name, path, part_size))
            if upload is None:
                raise GaveUp(f"{name} cannot be begun")
        resume(again, upload, path, part_size)
    sent[name] = digest


class GaveUp(Exception):
    """The time is over."""


class Again:
    """Calls again what was not answered, or refused for now."""

    def __init__(self, deadline):
        self.deadline = deadline
        self.headers = {"X-SBG-Auth-Token": os.environ["SB_AUTH_TOKEN"]}
        self.base = os.environ["SB_API_ENDPOINT"]

    def handler(self, api, response):
        """Of the client: repeats calls that were refused for now."""
        while response.status_code in (502, 503, 504) and time.monotonic() < self.deadline:
            time.sleep(0.2 + random.random() / 5)
            response = api.session.send(response.request)
        return response

    def call(self, method, path, body=None):
        """An answer that is no refusal for now."""
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
                raise GaveUp(f"no answer in time: {problem}")
            time.sleep(0.2 + random.random() / 5)


def begin(again, name, path, part_size):
    body = {"project": client.PROJECT, "name": name, "size": os.path.getsize(path), "part_size": part_size}
    return again.call("POST", "/upload/multipart", body).json().get("upload_id")


def resume(again, upload, path, part_size):
    """Sends what the service does not have, until the upload is whole."""
    size = os.path.getsize(path)
    numbers = range(1, max(1, -(-size // part_size)) + 1)
    while time.monotonic() < again.deadline:
        done = again.call("POST", f"/upload/multipart/{upload}/complete")
        if done.status_code == 201:
            return
        details = again.call("GET", f"/upload/multipart/{upload}?list_parts=true")
        if details.status_code == 200:
            there = {part["part_number"] for part in details.json().get("parts", [])}
            for number in numbers:
                if number not in there:
                    send_part(again, upload, path, part_size, number)
        time.sleep(0.2)
    raise GaveUp(f"{os.path.basename(path)} does not end: {done.status_code} {done.text}")


def send_part(again, upload, path, part_size, number):
    with open(path, "rb") as file:
        file.seek((number - 1) * part_size)
        part = file.read(part_size)
    info = again.call("GET", f"/upload/multipart/{upload}/part/{number}")
    if info.status_code != 200:
        return
    stored = again.until_answered(lambda: requests.put(info.json()["url"], data=part, timeout=20))
    report = {"part_number": number, "response": {"headers": {"ETag": stored.headers.get("ETag", "")}}}
    again.call("POST", f"/upload/multipart/{upload}/part", report)


def check(folder, sent):
    api = client.connect()
    found = {}
    for file in api.files.query(project=client.PROJECT, limit=100).all():
        client.check(file.name in found, False, f"a second file {file.name}")
        found[file.name] = file
    client.check(sorted(found), sorted(sent), "files that are there")
    for name, digest in sent.items():
        client.check(client.download(found[name], os.path.join(folder, "back")), digest, f"SHA-256 of {name}")


if __name__ == "__main__":
    main()
