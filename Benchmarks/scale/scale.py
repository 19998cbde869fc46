"""Runs servers on separate instances of PostgreSQL and SeaweedFS, and calls them with wrk; see `run`."""

import argparse
import concurrent.futures
import contextlib
import datetime
import http.client
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import engines
from shared.pontoond import Server

WEED = pathlib.Path(sys.prefix) / "bin/weed"
# As in production, commits wait for the disk.
POSTGRESQL = ("fsync=on", "max_connections=200", "shared_preload_libraries=pg_stat_statements")
TOKEN = "7c5e0a9f3b61d84e2fa7103cc9d6b58e"
PARTS = 50  # number of parts of the upload in the calls
CONNECTIONS = 32
REPEATS = 100  # number of calls of each kind whose statements are counted

# Name, method, path relative to the upload's path, body.
CALLS = [
    ("part info", "GET", "/part/1", None),
    ("report of one part, repeated", "POST", "/part", {"part_number": 1, "response": {"headers": {"ETag": "0" * 32}}}),
    ("details", "GET", "", None),
    ("details with 50 parts", "GET", "?list_parts=true", None),
]


@contextlib.contextmanager
def servers(binary, count, folder, metadata, store):
    """Runs servers on the same stores. Yields host and port of each."""
    variables = store.environment | {"PONTOON_METADATA": metadata, "PONTOON_OBJECTS": store.url()}
    variables |= {"PONTOON_BOOTSTRAP_TOKEN": TOKEN}
    with contextlib.ExitStack() as stack:
        running = [
            stack.enter_context(
                Server(binary, folder / f"server-{number}", "--log-level", "error", extra=variables, token=TOKEN)
            )
            for number in range(count)
        ]
        yield [server.address for server in running]


class Client:
    """One connection to one server."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address, timeout=30)

    def call(self, method, path, body=None, wanted=200):
        payload = None if body is None else json.dumps(body)
        headers = {"X-SBG-Auth-Token": TOKEN, "Content-Type": "application/json"}
        self.connection.request(method, "/v2" + path, payload, headers)
        response = self.connection.getresponse()
        text = response.read()
        if response.status != wanted:
            sys.exit(f"scale: {method} {path}: {response.status} {text[:300]}")
        return json.loads(text) if text else None

    def begin(self, name, size=PARTS * (5 << 20)):
        body = {"project": "admin/uploads", "name": name, "size": size, "part_size": 5 << 20}
        return self.call("POST", "/upload/multipart?overwrite=true", body)["upload_id"]


def many_calls(folder, addresses, path, method, body, seconds):
    """Returns the calls per second of all servers together. One wrk calls each server."""
    script = folder / "call.lua"
    lines = [f'wrk.method = "{method}"', f'wrk.headers["X-SBG-Auth-Token"] = "{TOKEN}"']
    if body is not None:
        lines += ['wrk.headers["Content-Type"] = "application/json"', f"wrk.body = [[{json.dumps(body)}]]"]
    lines += [
        "done = function(summary, latency, requests)",
        "  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout",
        '  io.write(string.format("%d %d %d\\n", summary.requests, summary.duration, bad))',
        "end",
    ]
    script.write_text("\n".join(lines))
    each = max(1, CONNECTIONS // len(addresses))

    def one(address):
        command = ["wrk", "-t1", f"-c{each}", f"-d{seconds}s", "-s", script, f"http://{address}/v2{path}"]
        last = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[-1]
        requests, microseconds, bad = map(int, last.split())
        if bad:
            sys.exit(f"scale: {bad} calls of {path} failed")
        return requests / (microseconds / 1e6)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sum(pool.map(one, addresses))


def psql(url, statement):
    command = ["psql", "--no-psqlrc", "-At", "-c", statement, url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def writers(url):
    """Returns the number of transactions that have written so far."""
    return int(psql(url, "SELECT txid_snapshot_xmax(txid_current_snapshot())"))


def cost(url, calls):
    """Returns statements, commits that write, milliseconds and WAL bytes in PostgreSQL, each per call."""
    psql(url, "SELECT pg_stat_statements_reset()")
    began = writers(url)
    calls()
    commits = writers(url) - began
    # Statements that start or end transactions, and statements of this script, are not counted.
    counted = "query !~* '^(begin|commit|rollback|set|discard|deallocate|select pg_stat|select txid|select 1)'"
    found = psql(
        url,
        "SELECT sum(calls), round(sum(total_exec_time)::numeric, 3), sum(wal_bytes) "
        f"FROM pg_stat_statements WHERE {counted}",
    )
    statements, milliseconds, wal = (float(value or 0) / REPEATS for value in found.split("|"))
    return statements, commits / REPEATS, milliseconds, wal


def costs(address, url):
    client = Client(address)
    upload = client.begin("cost")
    root = f"/upload/multipart/{upload}"
    tag = {"response": {"headers": {"ETag": "0" * 32}}}

    def repeat(method, path, body=None):
        return lambda: [client.call(method, path, body) for _ in range(REPEATS)]

    def whole_uploads():
        # The files are empty, because only the work of the database is measured.
        for index in range(REPEATS):
            empty = client.begin(f"cost {index}", size=0)
            client.call("POST", f"/upload/multipart/{empty}/complete", {}, wanted=201)

    rows = [("initialize", lambda: [client.begin(f"begun {index}") for index in range(REPEATS)])]
    rows += [("part info", repeat("GET", f"{root}/part/1"))]
    rows += [("report, each of another part", lambda: [
        client.call("POST", f"{root}/part", {"part_number": number + 1, **tag}) for number in range(REPEATS)
    ])]
    rows += [("details", repeat("GET", root)), ("initialize and complete", whole_uploads)]
    print("\n| call | statements | commits that write | ms in PostgreSQL | bytes of log |\n| --- | --- | --- | --- | --- |")
    for name, calls in rows:
        statements, commits, milliseconds, wal = cost(url, calls)
        print(f"| {name} | {statements:.1f} | {commits:.1f} | {milliseconds:.2f} | {wal:.0f} |", flush=True)


def throughput(binary, folder, metadata, store, seconds, counts):
    print("| call | " + " | ".join(f"{count} server{'s' * (count > 1)}" for count in counts) + " |")
    print("| --- |" + " --- |" * len(counts))
    rates = {name: [] for name, *_ in CALLS}
    for count in counts:
        with servers(binary, count, folder, metadata, store) as addresses:
            client = Client(addresses[0])
            upload = client.begin("called")
            for number in range(1, PARTS + 1):
                report = {"part_number": number, "response": {"headers": {"ETag": "0" * 32}}}
                client.call("POST", f"/upload/multipart/{upload}/part", report)
            for name, method, path, body in CALLS:
                path = f"/upload/multipart/{upload}{path}"
                rates[name].append(many_calls(folder, addresses, path, method, body, seconds))
    for name, found in rates.items():
        print(f"| {name} | " + " | ".join(f"{rate:,.0f}/s" for rate in found) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    global REPEATS
    if options.smoke:
        REPEATS = 5
    with tempfile.TemporaryDirectory(prefix="pontoon-scale-") as name:
        folder = pathlib.Path(name)
        with engines.PostgreSQL(*POSTGRESQL) as database, engines.SeaweedFS(WEED, folder / "weed") as store:
            metadata = database.url("postgres")
            psql(metadata, "CREATE EXTENSION pg_stat_statements")
            now = datetime.date.today().isoformat()
            print(f"{platform.machine()}, {os.cpu_count()} processors, {now}, {CONNECTIONS} connections\n")
            counts = [1] if options.smoke else [1, 2, 3]
            throughput(options.server, folder, metadata, store, 1 if options.smoke else options.seconds, counts)
            with servers(options.server, 1, folder, metadata, store) as addresses:
                costs(addresses[0], metadata)


if __name__ == "__main__":
    main()
