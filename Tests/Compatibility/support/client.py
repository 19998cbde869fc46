"""Helpers for the official client, sevenbridges-python."""

import contextlib
import hashlib
import pathlib
import random
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sevenbridges
from pytest_check import check
from sevenbridges.errors import SbgError
from sevenbridges.models.enums import TransferState

MEBIBYTE = 1 << 20


def connect(endpoint: str, **options: Any) -> sevenbridges.Api:
    """Creates a client, which records refused calls in `api.refusals` as (method, status, code)."""
    api = sevenbridges.Api(url=endpoint, debug=True, **options)
    api.refusals = []

    def record(response: Any, *_: object, **__: object) -> None:
        if response.status_code >= 400:
            body = response.json()
            assert body["status"] == response.status_code, f"the body says {body}"
            api.refusals.append((response.request.method, response.status_code, body["code"]))

    api.session.hooks["response"].append(record)
    return api


def check_refused(error: type[SbgError], code: int | None, call: Callable[[], object], what: str = "") -> None:
    """Checks that a call raises exactly this exception, with this platform code and a message."""
    what = what or f"{error.__name__} {code}"
    try:
        call()
    except SbgError as refusal:
        check.equal((type(refusal), refusal.code), (error, code), what)
        check.is_true(refusal.message, f"{what}: the refusal has a message")
    else:
        check.fail(f"{what}: was not refused")


def write_random(path: pathlib.Path, size: int, seed: int | str) -> str:
    """Writes `size` pseudorandom bytes, which depend only on the seed, and returns their SHA-256."""
    numbers = random.Random(seed)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        while size > 0:
            block = numbers.randbytes(min(size, MEBIBYTE))
            file.write(block)
            digest.update(block)
            size -= len(block)
    return digest.hexdigest()


def sha256(blocks: Iterable[bytes]) -> str:
    """Returns the SHA-256 of an iterable of byte strings."""
    digest = hashlib.sha256()
    for block in blocks:
        digest.update(block)
    return digest.hexdigest()


def upload(api: sevenbridges.Api, path: pathlib.Path, **options: Any) -> Any:
    """Uploads a file and returns the file that the server created.

    If an upload fails, the client raises no exception in the calling thread, so this checks the status.
    """
    transfer = api.files.upload(str(path), **options)
    assert transfer.status == TransferState.COMPLETED, f"upload of {options}; refused calls: {api.refusals}"
    return transfer.result()


def download(file: Any, path: pathlib.Path) -> str:
    """Downloads a file and returns its SHA-256. If it fails, the client raises no exception, but there is no file."""
    file.download(str(path), overwrite=True)
    with path.open("rb") as stored:
        return sha256(iter(lambda: stored.read(MEBIBYTE), b""))


@contextlib.contextmanager
def collected_thread_errors() -> Iterator[list[BaseException]]:
    """Collects the uncaught exceptions of all threads in a list."""
    errors: list[BaseException] = []
    before = threading.excepthook
    threading.excepthook = lambda raised: errors.append(raised.exc_value)
    try:
        yield errors
    finally:
        threading.excepthook = before
