"""The validators in deploy/validators give no verdict if the file at a URL does not arrive completely."""

import contextlib
import gzip
import hashlib
import http.server
import json
import os
import re
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from test_validators import BAM, EOF_BLOCK, LIST, READS, VALIDATORS

MEMBERS = gzip.compress(b"a") + gzip.compress(b"b")
RECORD = b"@a/1\nACGT\n+\nFFFF\n"
RECORDS = gzip.compress(RECORD) + gzip.compress(RECORD)
LINE = LIST.splitlines(keepends=True)[0]

# A validator, the name, bytes and metadata of a file that it accepts, and the number of bytes that arrive. If a
# validator took the end of the connection for the end of the file, it would accept most of the shorter files, and
# refuse the others.
CASES = [
    ("check-gzip", "a.gz", MEMBERS, {}, len(gzip.compress(b"a"))),
    ("check-gzip", "a.gz", MEMBERS, {}, len(MEMBERS) - 1),
    ("check-gzip", "a.gz", gzip.compress(os.urandom(3 << 20)), {}, 2 << 20),
    ("check-fastq", "a_R1.fastq", READS, {}, len(RECORD)),
    ("check-fastq", "a_R1.fastq", READS, {}, len(RECORD) + 3),
    ("check-fastq", "a_R1.fq.gz", RECORDS, {}, len(gzip.compress(RECORD))),
    ("check-md5", "all.md5", LIST, {}, len(LINE)),
    ("check-md5", "a.bin", b"abc", {"md5": hashlib.md5(b"abc").hexdigest()}, 2),
    ("check-bam", "a.bam", BAM, {}, 12),
    ("check-bam", "a.bam", BAM, {}, len(BAM) - len(EOF_BLOCK)),
    ("check-bam", "a.bam", BAM, {}, len(BAM) - 1),
]
NAMES = [f"{number}-{case[0]}" for number, case in enumerate(CASES)]


@dataclass
class Source:
    """The part of a file that a server sends, and how it ends the connection."""

    content: bytes
    # The server sends no bytes from this position of the file on.
    end: int
    # How the response indicates its end: `length`, `chunked` or `close`.
    framing: str = "length"
    is_reset: bool = False
    status: int | None = None


@contextlib.contextmanager
def serving(source: Source) -> Iterator[str]:
    """Runs a server that supports range requests like an object store, and yields the URL of its only file."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.close_connection = True
            if source.status == 0:
                return
            if source.status:
                self.send_error(source.status)
                return
            wanted = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
            start, end = (int(wanted[1]), int(wanted[2]) + 1) if wanted else (0, len(source.content))
            self.send_response(206 if wanted else 200)
            if source.framing == "length":
                self.send_header("Content-Length", str(end - start))
            elif source.framing == "chunked":
                self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            body = source.content[start : min(end, source.end)]
            if source.framing == "chunked":
                body = f"{len(body):x}\r\n".encode() + body + b"\r\n" if body else b""
                if end <= source.end:
                    body += b"0\r\n\r\n"
            self.wfile.write(body)
            if source.is_reset and end > source.end:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/object?signature=x"
        finally:
            server.shutdown()
            thread.join()


def run(validator: str, name: str, url: str, size: int, metadata: dict[str, str]) -> tuple[int, str, str]:
    """Runs a validator as the server does, and returns its exit status, standard output and standard error."""
    described = {"name": name, "url": url, "size": size, "metadata": metadata, "tags": []}
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
    done = subprocess.run(
        [VALIDATORS / validator], input=json.dumps(described), capture_output=True, text=True, env=environment
    )
    return done.returncode, done.stdout, done.stderr


def expect_no_verdict(result: tuple[int, str, str]) -> None:
    """Checks that a validator exited with 1 and printed no reason, so that complete fails with 503."""
    status, output, errors = result
    assert status == 1 and output == "" and "Traceback" in errors, result


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
@pytest.mark.parametrize(("validator", "name", "content", "metadata", "end"), CASES, ids=NAMES)
def test_a_file_that_ends_early_has_no_verdict(
    validator: str, name: str, content: bytes, metadata: dict[str, str], end: int, framing: str
) -> None:
    programs = [validator, "check-all"] if framing == "length" else [validator]
    with serving(Source(content, len(content), framing)) as url:
        for program in programs:
            assert run(program, name, url, len(content), metadata) == (0, "", "")
    with serving(Source(content, end, framing)) as url:
        for program in programs:
            expect_no_verdict(run(program, name, url, len(content), metadata))


@pytest.mark.parametrize(("validator", "name", "content", "metadata", "end"), CASES, ids=NAMES)
def test_without_a_connection_or_with_an_error_there_is_no_verdict(
    validator: str, name: str, content: bytes, metadata: dict[str, str], end: int
) -> None:
    # An expired URL, an unavailable store, and a connection that is closed before the response.
    for status in (403, 503, 0):
        with serving(Source(content, end, status=status)) as url:
            expect_no_verdict(run(validator, name, url, len(content), metadata))
    with serving(Source(content, end, is_reset=True)) as url:
        expect_no_verdict(run(validator, name, url, len(content), metadata))
    # The server no longer listens at this URL.
    expect_no_verdict(run(validator, name, url, len(content), metadata))


def test_a_store_that_ignores_ranges_does_not_cause_a_refusal() -> None:
    class WithoutRanges(bytes):
        """Bytes that ignore slicing, so that the server always sends all of them."""

        def __getitem__(self, _: Any) -> bytes:
            return bytes(self)

    with serving(Source(WithoutRanges(BAM), len(BAM), "close")) as url:
        expect_no_verdict(run("check-bam", "a.bam", url, len(BAM), {}))
