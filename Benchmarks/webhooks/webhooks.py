"""Measures uploads while receivers of webhooks respond slowly, in turns with uploads without a webhook; see `run`."""

import argparse
import http.server
import pathlib
import re
import statistics
import tempfile
import threading
import time
from dataclasses import dataclass
from typing import Any

from shared.pontoond import Server
from shared.processes import run

CONNECTIONS = 16
# The number of webhooks in each configuration. A project can have at most 20.
CONFIGURATIONS = {"no webhook": 0, "one slow receiver": 1, "20 slow receivers": 20}
# The number of webhooks of one user to which a server sends concurrently.
CONCURRENT = 8

SCRIPT = """
local count = 0
local body = string.rep("x", 64)
request = function()
  count = count + 1
  return wrk.format("PUT", "/v2/files/content?project=PROJECT&name=PREFIX-" .. count, nil, body)
end
"""


@dataclass
class Result:
    """One measurement: files per second, and the server's processor time in microseconds per file."""

    rate: float
    processor: float


class SlowReceiver(http.server.ThreadingHTTPServer):
    """A receiver that accepts each event after a delay, or when the measurement has ended."""

    daemon_threads = True

    def __init__(self, delay: float) -> None:
        self.requests = 0
        self.lock = threading.Lock()
        self.done = threading.Event()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.requests += 1
                receiver.done.wait(delay)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        super().__init__(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.serve_forever)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, *_: Any) -> None:
        """Ignores the error if Pontoon has closed the connection, as it does after ten seconds."""


def load(server: Server, seconds: int, prefix: str) -> int:
    """Stores files with one call each. Returns the number of files."""
    script = server.data.parent / f"{prefix}.lua"
    script.write_text(SCRIPT.replace("PROJECT", server.project).replace("PREFIX", prefix))
    # One thread, because each thread would have a separate counter for the names.
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", "-H", server.token_header, "-s", str(script)]
    printed = run([*command, f"-d{seconds}s", server.origin])
    files = re.search(r"(\d+) requests in", printed)
    if not files or files[1] == "0" or "Non-2xx" in printed or "Socket errors" in printed:
        raise SystemExit(f"bench: wrk: {printed}")
    return int(files[1])


def wait(receiver: SlowReceiver, requests: int) -> None:
    """Waits until the receiver has received this many requests."""
    end = time.monotonic() + 300
    while receiver.requests < requests:
        if time.monotonic() > end:
            raise SystemExit(f"bench: the receiver received {receiver.requests} requests, not {requests}")
        time.sleep(0.01)


def measure(binary: pathlib.Path, webhooks: int, seconds: int, delay: float) -> Result:
    """Runs a new server for one measurement."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as name, SlowReceiver(delay) as receiver:
        flags = ["--durability", "os", "--webhook-allow", "127.0.0.1"]
        with Server(binary, pathlib.Path(name), *flags) as server:
            url = f"http://127.0.0.1:{receiver.server_port}/"
            for _ in range(webhooks):
                new = {"project": server.project, "url": url, "types": ["file.created"]}
                server.call("POST", "/v2/webhooks", new)
            files = load(server, 1, "warm-up")
            # The measurement begins while the server is waiting for the receiver.
            wait(receiver, min(webhooks, CONCURRENT))
            began, before = time.perf_counter(), server.processor_seconds()
            measured = load(server, seconds, "measured")
            used, elapsed = server.processor_seconds() - before, time.perf_counter() - began
            _, listing, _ = server.get(f"/v2/files?project={server.project}&limit=1")
            if int(listing.headers["X-Total-Matching-Query"]) < files + measured:
                raise SystemExit("bench: a file was not stored")
            if webhooks == 0 and receiver.requests > 0:
                raise SystemExit("bench: an event was sent without a webhook")
            return Result(measured / elapsed, used * 1e6 / measured)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", required=True, type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=10, help="duration of a measurement")
    parser.add_argument("--delay", type=float, default=10, help="seconds after which the receivers respond")
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.seconds = 1, 1
    results: dict[str, list[Result]] = {name: [] for name in CONFIGURATIONS}
    for number in range(options.rounds):
        # Every second round is in reverse order, so that no configuration is always measured first.
        turns = list(CONFIGURATIONS.items())
        for name, webhooks in turns if number % 2 == 0 else reversed(turns):
            results[name].append(measure(options.server, webhooks, options.seconds, options.delay))
    print(f"Files of 64 bytes in one call each, {CONNECTIONS} connections, {options.rounds} rounds, in memory\n")
    print("| Receivers | Files/s, median (min–max) | Ratio | Processor µs of the server per file | Ratio |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, measured in results.items():
        cells = [name]
        for values, base, digits in (
            ([result.rate for result in measured], [result.rate for result in results["no webhook"]], 0),
            ([result.processor for result in measured], [result.processor for result in results["no webhook"]], 1),
        ):
            spread = f"{min(values):,.{digits}f}–{max(values):,.{digits}f}"
            cells.append(f"{statistics.median(values):,.{digits}f} ({spread})")
            # Ratios are calculated within each round, because the speed of the machine may change between rounds.
            cells.append(f"{statistics.median(value / none for value, none in zip(values, base)):.3f}")
        print(f"| {' | '.join(cells)} |")


main()
