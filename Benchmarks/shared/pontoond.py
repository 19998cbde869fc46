"""The measured server, for all benchmarks."""

import http.client
import json
import pathlib
import re
import ssl
import time
import urllib.parse
from collections.abc import Mapping
from typing import Any

from .processes import Program

LISTENING = re.compile(r"https?://127\.0\.0\.1:\d+/v2")


class Server(Program):
    """A running `pontoond`. Its data directory is in a folder; flags and variables can set other stores."""

    project = "admin/uploads"

    def __init__(
        self,
        binary: pathlib.Path,
        folder: pathlib.Path,
        *flags: str,
        extra: Mapping[str, str] | None = None,
        token: str | None = None,
        authority: pathlib.Path | None = None,
    ) -> None:
        """Starts the server and waits for its first response.

        `extra` contains environment variables for the server. `token` is the administrator's token if the server
        writes no credentials file. `authority` is the certificate to trust if flags enable TLS.
        """
        began = time.perf_counter()
        folder.mkdir(parents=True, exist_ok=True)
        self.data = folder / "data"
        self._token = token
        super().__init__(
            [binary, "serve", "--data", self.data, "--listen", "127.0.0.1:0", *flags], folder / "pontoond.log", extra
        )
        self.wait(self._is_listening)
        self.origin = self.endpoint.removesuffix("/v2")
        self.address = urllib.parse.urlsplit(self.endpoint).netloc
        if authority:
            context = ssl.create_default_context(cafile=str(authority))
            self.connection = http.client.HTTPSConnection(self.address, timeout=300, context=context)
        else:
            self.connection = http.client.HTTPConnection(self.address, timeout=300)
        self.wait(lambda: self.call("GET", "/v2/user") is not None)
        self.seconds_to_ready = time.perf_counter() - began

    def _is_listening(self) -> bool:
        found = LISTENING.search(self.log.read_text())
        token = self._token or self._saved_token()
        if found and token:
            self.endpoint, self.token = found[0], token
        return bool(found and token)

    def _saved_token(self) -> str | None:
        try:
            lines = (self.data / "credentials").read_text().splitlines()
        except FileNotFoundError:
            return None
        pairs = (line.split("=", 1) for line in lines if "=" in line)
        return {key.strip(): value.strip() for key, value in pairs}.get("auth_token")

    @property
    def token_header(self) -> str:
        return f"X-SBG-Auth-Token: {self.token}"

    @property
    def settings(self) -> dict[str, str]:
        """The environment variables with which clients find the server and authenticate."""
        return {"SB_API_ENDPOINT": self.endpoint, "SB_AUTH_TOKEN": self.token}

    def get(self, path: str) -> tuple[float, http.client.HTTPResponse, bytes]:
        """Requests a path with `/v2`. Returns the seconds to the end of the body, the response and the body."""
        began = time.perf_counter()
        self.connection.request("GET", path, headers={"X-SBG-Auth-Token": self.token})
        response = self.connection.getresponse()
        body = response.read()
        seconds = time.perf_counter() - began
        if response.status != 200:
            raise SystemExit(f"bench: GET {path}: {response.status} {body[:500]!r}")
        return seconds, response, body

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Calls a path with `/v2`. Returns the JSON of the response."""
        text = None if body is None else json.dumps(body)
        headers = {"X-SBG-Auth-Token": self.token, "Content-Type": "application/json"}
        self.connection.request(method, path, text, headers)
        response = self.connection.getresponse()
        answer = response.read()
        if response.status not in (200, 201, 204):
            raise SystemExit(f"bench: {method} {path}: {response.status} {answer[:500]!r}")
        return json.loads(answer) if answer else None

    def stop(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()
        super().stop()
