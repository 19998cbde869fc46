"""schemathesis reads docs/openapi.yaml and tries to make the server fail."""

import os
import pathlib
import subprocess
import sys

import pytest

from .fuzz_world import FuzzWorld

HERE = pathlib.Path(__file__).resolve().parent

pytestmark = [
    pytest.mark.own_server,
    # The fuzzer expects 401 for every invalid token, so the number of invalid tokens must not be limited.
    pytest.mark.server("--min-part-size", "1", "--failed-authentication-limit", "off"),
    pytest.mark.parametrize("stores", ["sqlite+disk"], indirect=True),
    pytest.mark.timeout(1500),
]


def test_schemathesis_finds_no_fault(server, tmp_path):
    rosalind = server.add_user("rosalind")
    for name in ("nobody", "doomed"):
        server.add_user(name)
    world = FuzzWorld(server.endpoint, server.token, rosalind)
    world.write(tmp_path / "openapi.yaml")
    environment = {
        "SB_AUTH_TOKEN": server.token,
        "FUZZER_TOKEN_ID": world.token_id,
        "SCHEMATHESIS_HOOKS": "openapi.fuzz_hooks",
        "PYTHONPATH": str(HERE.parent),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [pathlib.Path(sys.prefix) / "bin/st", "--config-file", HERE / "schemathesis.toml", "--no-color", "run"]
    done = subprocess.run(
        [*command, tmp_path / "openapi.yaml", "--url", server.origin],
        env=os.environ | environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    # The summary comes last. Before it, schemathesis prints a curl command that reproduces each failure.
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-20_000:]
    assert "Tested: " in printed, printed[-2_000:]
    server.assert_still_serving()
    faults = [line for line in server.log.read_text().splitlines() if "internal error" in line]
    assert faults == []
