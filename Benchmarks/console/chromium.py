"""Chromium, controlled through a pipe.

Unlike Playwright, this does not observe the network, which would cost as much processor time as the uploads.
"""

import fcntl
import json
import os
import pathlib
import signal
import subprocess
import sys
from typing import Any

from shared.processes import Observed, environment

PROGRAM = "/usr/bin/chromium-headless-shell"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-pipe",
]


def _moved(descriptor: int) -> int:
    """Moves a descriptor to a number that does not conflict with the numbers that Chromium expects."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 100)
    os.close(descriptor)
    return moved


class Chromium(Observed):
    """A running browser with an empty profile and one page."""

    name = "chromium"

    def __init__(self, profile: pathlib.Path) -> None:
        # Chromium reads commands from descriptor 3 and writes to descriptor 4.
        reader, self._commands = os.pipe()
        self._answers, writer = os.pipe()
        reader, writer = _moved(reader), _moved(writer)
        script = f'exec "$0" "$@" 3<&{reader} 4>&{writer} {reader}<&- {writer}>&-'
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "bash", "-c", script, PROGRAM, *FLAGS, f"--user-data-dir={profile}"],
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(reader, writer),
            process_group=0,
        )
        self.pid = self._process.pid
        os.close(reader)
        os.close(writer)
        self._input = os.fdopen(self._answers, "rb", buffering=1 << 20)
        self._rest = b""
        self._id = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def __enter__(self) -> "Chromium":
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._commands)
        self._input.close()
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self._process.wait()

    def call(self, method: str, **parameters: Any) -> Any:
        """Sends a command and returns its result."""
        self._id += 1
        command = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise SystemExit(f"bench: {method}: {answer['error']['message']}")
                return answer["result"]

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            chunk = self._input.read1(1 << 20)
            if not chunk:
                raise SystemExit("bench: chromium has exited; check that it is installed")
            self._rest += chunk
        message, _, self._rest = self._rest.partition(b"\0")
        return json.loads(message)

    def open(self, url: str) -> None:
        """Opens a page and waits until it has loaded."""
        self.call("Page.navigate", url=url)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, script: str) -> Any:
        """Runs a script and returns its value. If the value is a promise, waits for it."""
        result = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in result:
            print(json.dumps(result["exceptionDetails"])[:1000], file=sys.stderr)
            raise SystemExit("bench: a script failed in the page; the exception is above")
        return result["result"].get("value")

    def choose(self, selector: str, path: pathlib.Path) -> None:
        """Chooses a file or folder in an `<input type="file">`."""
        element = self.call("Runtime.evaluate", expression=f"document.querySelector({selector!r})")["result"]
        self.call("DOM.setFileInputFiles", files=[str(path)], objectId=element["objectId"])
