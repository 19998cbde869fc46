"""What the scripts that drive a server with the official client share.

A script is run with SB_API_ENDPOINT and SB_AUTH_TOKEN in its environment. It ends with 0 when everything was right, and
else with 1 and a line that says what was wrong first.
"""

import contextlib
import hashlib
import os
import random
import sys
import tempfile
import threading

import sevenbridges
from sevenbridges.errors import SbgError
from sevenbridges.models.enums import TransferState

PROJECT = "admin/uploads"
MEBIBYTE = 1 << 20


def connect(**options):
    """A client of the server under test. Refused calls land in `api.refusals` as (method, status, code)."""
    options.setdefault("token", os.environ["SB_AUTH_TOKEN"])
    api = sevenbridges.Api(url=os.environ["SB_API_ENDPOINT"], debug=True, **options)
    api.refusals = []

    def record(response, *_, **__):
        if response.status_code >= 400:
            body = response.json()
            check(body["status"], response.status_code, "status in the body of a refusal")
            api.refusals.append((response.request.method, response.status_code, body["code"]))

    api.session.hooks["response"].append(record)
    return api


def check(found, wanted, what):
    """Ends the script unless two values are equal."""
    if found != wanted:
        sys.exit(f"{what}: found {found!r}, wanted {wanted!r}")


def check_refused(error, code, call, what):
    """Ends the script unless a call is refused with this exception and platform code."""
    try:
        call()
    except error as refusal:
        check(type(refusal), error, f"{what}: exception")
        check(refusal.code, code, f"{what}: code")
        if not refusal.message:
            sys.exit(f"{what}: the refusal has no message")
    except SbgError as other:
        sys.exit(f"{what}: found {other!r} with code {other.code}, wanted {error.__name__}")
    else:
        sys.exit(f"{what}: was not refused")


@contextlib.contextmanager
def folder():
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory() as path:
        yield path


def write_random(path, size, seed):
    """Writes `size` bytes that are the same for the same seed, and gives their SHA-256."""
    numbers = random.Random(seed)
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while size > 0:
            block = numbers.randbytes(min(size, MEBIBYTE))
            file.write(block)
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def sha256(blocks):
    """SHA-256 of an iterable of byte strings."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def sha256_of_file(path):
    """SHA-256 of a file."""
    with open(path, "rb") as file:
        return sha256(iter(lambda: file.read(MEBIBYTE), b""))


def upload(api, path, **options):
    """Uploads a file and gives what the server made of it. The client raises nothing: failures stay in its thread."""
    transfer = api.files.upload(path, **options)
    check(transfer.status, TransferState.COMPLETED, f"status of the upload of {options}; refused: {api.refusals}")
    return transfer.result()


def download(file, path):
    """Brings a file and gives its SHA-256. The client raises nothing here either, but then there is no file."""
    file.download(path, overwrite=True)
    return sha256_of_file(path)


def errors_of_threads():
    """A list that fills with the exceptions that threads end with, in place of their traces on standard error."""
    errors = []
    threading.excepthook = lambda what: errors.append(what.exc_value)
    return errors
