"""The console of a server with TLS."""

import base64
import hashlib
import subprocess

import pytest

from harness.engine import Engine
from harness.files import MIB, random_file, sha256
from harness.server import Server


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True, capture_output=True).stdout


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate for 127.0.0.1, and its key."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    openssl(
        *["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        *["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
    )
    return certificate, key


@pytest.fixture
def server(tmp_path, certificate):
    flags = ["--tls-certificate", certificate[0], "--tls-key", certificate[1]]
    server = Server(tmp_path, arguments=flags, authority=certificate[0])
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def browser(launch, certificate):
    """A browser that trusts the key of this certificate, but no other unknown key."""
    public_key = openssl("x509", "-in", certificate[0], "-noout", "-pubkey")
    encoded = openssl("pkey", "-pubin", "-outform", "DER", data=public_key)
    digest = base64.b64encode(hashlib.sha256(encoded).digest()).decode()
    browser = launch(f"--ignore-certificate-errors-spki-list={digest}")
    yield browser
    browser.close()


def test_a_page_uploads_over_tls(page, server, tmp_path):
    file = random_file(tmp_path / "large.bin", 20 * MIB)
    engine = Engine(page, server).open()
    assert page.url.startswith("https://") and page.evaluate("isSecureContext")
    engine.add(file)
    engine.wait(verified=1)
    stored = server.files()[file.name]
    assert sha256(server.download(stored)) == sha256(file.read_bytes())
