"""The validators in deploy/validators, with valid and broken files, alone and in a server."""

import gzip
import hashlib
import json
import pathlib
import subprocess
from typing import Any

import pytest
import sevenbridges
from pytest_check import check

from support.caller import Caller
from support.client import upload
from support.server import ROOT, Server

VALIDATORS = ROOT / "deploy/validators"
EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
# A BGZF block is a gzip member with an extra field.
BAM = EOF_BLOCK[:16] + bytes(100) + EOF_BLOCK
READS = b"@a/1\nACGT\n+\nFFFF\n@b/1\nNN\n+b/1\n!!\r\n"
ILLUMINA = b"@M1:2:FC:1:11:12:13 2:N:0:ATG\nACGT\n+\nFFFF\n"
LIST = f"{'0' * 32}  run/a.bam\n{'1' * 32} *b.bam\n".encode()

ACCEPTED = [
    ("check-bam", "a.bam", BAM, {}),
    ("check-bam", "a.txt", b"", {}),
    ("check-gzip", "a.gz", gzip.compress(b"a" * 5_000_000), {}),
    ("check-gzip", "a.gz", gzip.compress(b"a") + gzip.compress(b"b"), {}),
    ("check-gzip", "a.txt", b"\x1f\x8b", {}),
    ("check-fastq", "s_R1_001.fastq", READS, {}),
    ("check-fastq", "s.fq", READS, {"paired_end": "1"}),
    ("check-fastq", "s.fq.gz", gzip.compress(ILLUMINA), {"paired_end": "2"}),
    ("check-fastq", "s_R1.fastq", b"@a\nACGT\n+\nFFFF\n", {}),
    ("check-fastq", "s.fasta", b"broken", {}),
    ("check-md5", "a.bin", b"abc", {"md5": hashlib.md5(b"abc").hexdigest().upper()}),
    ("check-md5", "a.bin", b"abc", {}),
    ("check-md5", "all.md5", LIST, {}),
]
REFUSED = [
    ("check-bam", "a.bam", BAM[:-1], {}, "no EOF block"),
    ("check-bam", "A.BAM", BAM[1:], {}, "does not begin like a BAM file"),
    ("check-bam", "a.bam", b"", {}, "0 bytes"),
    ("check-gzip", "a.gz", gzip.compress(b"a" * 5_000_000)[:-1], {}, "truncated"),
    ("check-gzip", "a.gz", gzip.compress(b"abc")[:-5] + bytes(5), {}, "CRC check failed"),
    ("check-gzip", "a.gz", b"not compressed", {}, "Not a gzipped file"),
    ("check-gzip", "a.gz", gzip.compress(b"abc") + b"tail", {}, "Not a gzipped file"),
    ("check-gzip", "a.gz", b"", {}, "empty"),
    ("check-fastq", "s_R2.fastq", READS, {}, "Record 1 of 's_R2.fastq' belongs to R1, but the file belongs to R2."),
    ("check-fastq", "s_R1.fq.gz", gzip.compress(ILLUMINA), {}, "belongs to R2"),
    ("check-fastq", "s_R1.fastq", READS, {"paired_end": "2"}, "paired_end=2"),
    ("check-fastq", "s.fastq", READS[:-6], {}, "Record 2 of 's.fastq' has 2 bases but 0 quality values."),
    ("check-fastq", "s.fastq", b">a\nACGT\n", {}, "does not begin with '@'"),
    ("check-fastq", "s.fastq", b"@a\nAC GT\n+\nFFFFF\n", {}, "no valid bases"),
    ("check-fastq", "s.fq.gz", gzip.compress(READS)[:-9], {}, "truncated"),
    ("check-fastq", "s.fastq", b"", {}, "contains no records"),
    ("check-md5", "a.bin", b"abcd", {"md5": hashlib.md5(b"abc").hexdigest()}, "but its metadata contains"),
    ("check-md5", "md5sum.txt", b"abc\n", {}, "Line 1"),
    ("check-md5", "a.md5", LIST + LIST[:46], {}, "contains 'run/a.bam' again"),
    ("check-md5", "a.md5", LIST.replace(b"b.bam", b"../b.bam"), {}, "outside of its folder"),
    ("check-md5", "a.md5", b"", {}, "contains no MD5"),
]


def run(validator: str, name: str, content: bytes, metadata: dict[str, str], folder: pathlib.Path) -> tuple[int, str]:
    """Runs a validator, and returns its exit status and standard output."""
    path = folder / "object"
    path.write_bytes(content)
    described = {"name": name, "path": str(path), "size": len(content), "metadata": metadata, "tags": []}
    done = subprocess.run([VALIDATORS / validator], input=json.dumps(described).encode(), capture_output=True)
    assert done.stderr == b"", done.stderr.decode()
    return done.returncode, done.stdout.decode()


def ids(cases: list[tuple[Any, ...]]) -> list[str]:
    """Returns names of cases without their bytes, which differ from run to run."""
    return [f"{number}-{case[0]}" for number, case in enumerate(cases)]


@pytest.mark.parametrize(("validator", "name", "content", "metadata"), ACCEPTED, ids=ids(ACCEPTED))
def test_accepted(
    validator: str, name: str, content: bytes, metadata: dict[str, str], tmp_path: pathlib.Path
) -> None:
    assert run(validator, name, content, metadata, tmp_path) == (0, "")


@pytest.mark.parametrize(("validator", "name", "content", "metadata", "reason"), REFUSED, ids=ids(REFUSED))
def test_refused(
    validator: str, name: str, content: bytes, metadata: dict[str, str], reason: str, tmp_path: pathlib.Path
) -> None:
    status, output = run(validator, name, content, metadata, tmp_path)
    assert status == 1 and reason in output and output.count("\n") == 1, output
    status, output = run("check-all", name, content, metadata, tmp_path)
    assert status == 1 and output.count("\n") == 1, output


def test_an_error_is_not_a_refusal(tmp_path: pathlib.Path) -> None:
    """A validator that cannot read the file prints no reason, so that the server does not treat it as a refusal."""
    described = json.dumps({"name": "a.gz", "path": str(tmp_path / "missing"), "size": 1, "metadata": {}, "tags": []})
    for validator in ("check-gzip", "check-all"):
        done = subprocess.run([VALIDATORS / validator], input=described.encode(), capture_output=True)
        assert done.returncode == 1 and done.stdout == b"" and b"FileNotFoundError" in done.stderr


@pytest.mark.server("--validate-command", str(VALIDATORS / "check-all"))
def test_in_a_server(server: Server, api: sevenbridges.Api, project: str, tmp_path: pathlib.Path) -> None:
    """Runs with each combination of stores, so that validators read from a path and from a URL."""
    caller = Caller(server.endpoint, server.token)
    cases = [
        ("a.bam", BAM[:-1], "no EOF block", BAM),
        ("a.gz", b"not compressed", "Not a gzipped file", gzip.compress(b"abc")),
        ("a_R2.fastq", READS, "belongs to R1", ILLUMINA),
        ("a.md5", b"abc", "Line 1", LIST),
    ]
    for name, broken, reason, good in cases:
        upload_id = caller.start(name, None)
        complete = f"/upload/multipart/{upload_id}/complete"
        refusal = caller.create(complete, {"parts": [caller.send(upload_id, 1, broken)]}, 409)
        check.equal(refusal["code"], 8007, name)
        check.is_true(refusal["message"].startswith("The file was refused: "), refusal["message"])
        check.is_in(reason, refusal["message"], name)
        check.equal([file.name for file in api.files.query(project=project)].count(name), 0)
        # The upload is still usable: the part is sent again.
        file = caller.create(complete, {"parts": [caller.send(upload_id, 1, good)]}, 201)
        check.equal(file["size"], len(good), name)
        # Repeats this with a file put, and uploads the valid file with the official client.
        path = f"/files/content?project={project}&on_conflict=overwrite&name={name}"
        for content, status in ((broken, 409), (good, 201)):
            answer = caller.session.put(server.endpoint + path, data=content)
            check.equal(answer.status_code, status, f"{name}: {answer.text}")
        (tmp_path / name).write_bytes(good)
        check.equal(upload(api, tmp_path / name, project=project, overwrite=True).size, len(good))
