"""Uploads with `pontoon` to a server."""

import pathlib
import shutil

from shared.pontoond import Server

from .measure import Sample, timed


def upload(client: pathlib.Path, server: Server, state: pathlib.Path, *arguments: str) -> Sample:
    """Measures `pontoon upload` without the state of earlier uploads."""
    command = [client, "upload", "--project", server.project, "--state", state, *arguments]
    try:
        return timed(command, server.settings)
    finally:
        shutil.rmtree(state, ignore_errors=True)
