"""The server in memory, and our client at it."""

import json
import pathlib
import shutil
import urllib.request
from collections.abc import Mapping
from typing import Any

from bench.processes import Program

from .measure import Sample, timed

PROJECT = "admin/uploads"


class Server(Program):
    """`pontoond` with its records in a folder; its bytes too, unless flags say otherwise."""

    def __init__(
        self, binary: pathlib.Path, folder: pathlib.Path, *flags: str, extra: Mapping[str, str] | None = None
    ) -> None:
        data, log = folder / "data", folder / "pontoond.log"
        super().__init__([binary, "serve", "--data", data, "--listen", "127.0.0.1:0", *flags], log, extra)
        self.wait(lambda: "Credentials are in" in log.read_text())
        lines = (data / "credentials").read_text().splitlines()
        fields = {key.strip(): value.strip() for key, _, value in (line.partition("=") for line in lines)}
        self.endpoint, self.token = fields["api_endpoint"], fields["auth_token"]

    @property
    def settings(self) -> dict[str, str]:
        """What tells a client where and who."""
        return {"SB_API_ENDPOINT": self.endpoint, "SB_AUTH_TOKEN": self.token}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call of the API; gives its JSON."""
        request = urllib.request.Request(self.endpoint + path, method=method)
        request.add_header("X-SBG-Auth-Token", self.token)
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, data) as answer:
            return json.load(answer)


def upload(client: pathlib.Path, server: Server, state: pathlib.Path, *arguments: str) -> Sample:
    """Uploads by our client, which has uploaded nothing before."""
    command = [client, "upload", "--project", PROJECT, "--state", state, *arguments]
    try:
        return timed(command, server.settings)
    finally:
        shutil.rmtree(state, ignore_errors=True)
