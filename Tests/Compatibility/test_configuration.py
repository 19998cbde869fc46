"""The client finds the server through environment variables or the credentials file that the server wrote."""

import json
import os
import shutil
import subprocess
import sys

import pytest
from pytest_check import check

from support.stores import CHOICES

pytestmark = [
    pytest.mark.own_server,
    # Without a data folder, the server writes no credentials file.
    pytest.mark.parametrize("stores", [choice for choice in CHOICES if choice != "postgresql+s3"], indirect=True),
]


@pytest.fixture
def home(server, tmp_path):
    """A home folder with the credentials file that the server wrote."""
    folder = tmp_path / "home/.sevenbridges"
    folder.mkdir(parents=True)
    shutil.copy(server.data / "credentials", folder / "credentials")
    return tmp_path / "home"


def client_settings(home, api, **variables):
    """Returns the URL, token and user name of the client that the expression `api` creates.

    The expression is evaluated in a separate process, because the client looks up the home folder when it is imported.
    """
    script = f"import json, sevenbridges; api = {api}; "
    script += "print(json.dumps([api.url, api.token, api.users.me().username]))"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SB_")}
    environment = inherited | {"HOME": str(home)} | variables
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_only_the_owner_may_read_the_credentials_file(server):
    check.equal(oct((server.data / "credentials").stat().st_mode & 0o777), oct(0o600))


def test_by_the_environment(server, home):
    # The file contains another URL, so only the environment can lead to the server.
    credentials = home / ".sevenbridges/credentials"
    credentials.write_text(credentials.read_text().replace(server.endpoint, "http://127.0.0.1:9/v2"))
    variables = {"SB_API_ENDPOINT": server.endpoint, "SB_AUTH_TOKEN": server.token}
    found = client_settings(home, "sevenbridges.Api()", **variables)
    check.equal(found, [server.endpoint, server.token, "admin"])


@pytest.mark.parametrize(
    "api", ["sevenbridges.Api()", "sevenbridges.Api(config=sevenbridges.Config(profile='default'))"]
)
def test_by_the_credentials_file(server, home, api):
    check.equal(client_settings(home, api), [server.endpoint, server.token, "admin"])
