"""`pontoon upload` beside a bare sender and the official Python client: seconds, medians, memory."""

import argparse
import contextlib
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator

PYTHON_CLIENT = """
import os, sys, sevenbridges
api = sevenbridges.Api(url=os.environ["SB_API_ENDPOINT"], token=os.environ["SB_AUTH_TOKEN"], debug=True)
for path in sys.argv[1:]:
    upload = api.files.upload(path, project="admin/uploads")
    assert str(upload.status) == "COMPLETED", upload.result()
"""


class Server:
    """A server on a folder in memory."""

    def __init__(self, binary: str, folder: pathlib.Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [binary, "serve", "--data", folder, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("Listening on "):
                self.endpoint = line.removeprefix("Listening on ").strip()
            if line.startswith("Credentials are in "):
                break
        credentials = (folder / "credentials").read_text().splitlines()
        self.token = next(line.split("=")[1].strip() for line in credentials if line.startswith("auth_token"))

    @property
    def environment(self) -> dict[str, str]:
        own = {"SB_API_ENDPOINT": self.endpoint, "SB_AUTH_TOKEN": self.token}
        return {name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | own

    def call(self, method: str, path: str, body: object = None) -> dict:
        request = urllib.request.Request(self.endpoint + path, method=method)
        request.add_header("X-SBG-Auth-Token", self.token)
        request.add_header("Content-Type", "application/json")
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, data) as answer:
            return json.load(answer)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()


@contextlib.contextmanager
def server(binary: str, memory: pathlib.Path) -> Iterator[Server]:
    folder = pathlib.Path(tempfile.mkdtemp(dir=memory))
    running = Server(binary, folder / "data")
    try:
        yield running
    finally:
        running.stop()
        shutil.rmtree(folder)


def timed(command: list[str], environment: dict[str, str]) -> tuple[float, int]:
    """Seconds and peak resident memory in MiB of a command."""
    start = time.monotonic()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status:
        sys.exit(f"{command[:3]}: {errors.decode()}")
    return seconds, usage.ru_maxrss >> 10


def rows(options: argparse.Namespace, memory: pathlib.Path) -> Iterator[tuple[str, dict[str, Callable]]]:
    def pontoon(*arguments: str) -> Callable[[Server], tuple[float, int]]:
        state = memory / "state"
        command = [options.client, "upload", "--project", "admin/uploads", "--state", str(state), *arguments]

        def run(server: Server) -> tuple[float, int]:
            try:
                return timed(command, server.environment)
            finally:
                shutil.rmtree(state, ignore_errors=True)

        return run

    def python(paths: list[str]) -> Callable[[Server], tuple[float, int]]:
        return lambda server: timed([sys.executable, "-c", PYTHON_CLIENT, *paths], server.environment)

    def sender(size: int, connections: int) -> Callable[[Server], tuple[float, int]]:
        def run(server: Server) -> tuple[float, int]:
            part = size // connections
            start = time.monotonic()
            body = {"project": "admin/uploads", "name": "bare", "size": size, "part_size": part}
            upload = server.call("POST", "/upload/multipart", body)["upload_id"]
            tasks = "".join(f"{upload} {number}\n" for number in range(1, connections + 1))
            origin = server.endpoint.removesuffix("/v2")
            command = [options.sender, "parts", str(connections), origin, server.token, str(part), "report"]
            calls = time.monotonic() - start
            sent = subprocess.run(command, input=tasks, text=True, check=True, stdout=subprocess.PIPE).stdout
            start = time.monotonic()
            server.call("POST", f"/upload/multipart/{upload}/complete", {})
            calls += time.monotonic() - start
            # Its own clock: making the bytes, which are in no file, takes it seconds beforehand.
            return json.loads(sent.splitlines()[-1])["seconds"] + calls, 0

        return run

    if options.only in ("large", "all"):
        large = memory / "large"
        block = os.urandom(1 << 26)
        with large.open("wb") as file:
            for _ in range(options.size << 10 >> 6):
                file.write(block)
        # What this process holds would count as a child's until that is another program.
        del block
        yield f"one file of {options.size} GiB", {
            "bare sender, 4 connections": sender(options.size << 30, 4),
            "pontoon --parallel 4": pontoon("--parallel", "4", str(large)),
            "pontoon": pontoon(str(large)),
            "sevenbridges-python": python([str(large)]),
        }
        large.unlink()
    if options.only in ("small", "all"):
        small = memory / "small"
        small.mkdir()
        for number in range(options.files):
            (small / f"f{number:05}").write_bytes(os.urandom(4096))
        few = [str(path) for path in sorted(small.iterdir())[: max(1, options.files // 20)]]
        yield f"{options.files} files of 4 KiB (sevenbridges-python: {len(few)})", {
            "pontoon": pontoon(str(small)),
            "pontoon --parallel 16": pontoon("--parallel", "16", str(small)),
            "sevenbridges-python": python(few),
        }
        shutil.rmtree(small)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", required=True)
    parser.add_argument("--client", required=True)
    parser.add_argument("--sender", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=4, help="GiB")
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--only", choices=("large", "small", "all"), default="all")
    options = parser.parse_args()
    memory = pathlib.Path(tempfile.mkdtemp(dir="/dev/shm"))
    try:
        for title, contenders in rows(options, memory):
            seconds: dict[str, list[float]] = {name: [] for name in contenders}
            peaks: dict[str, int] = dict.fromkeys(contenders, 0)
            for _ in range(options.rounds):
                for name, run in contenders.items():
                    with server(options.server, memory) as running:
                        time_taken, peak = run(running)
                    seconds[name].append(time_taken)
                    peaks[name] = max(peaks[name], peak)
                    print(f"{title}: {name}: {time_taken:.2f} s", file=sys.stderr)
            print(f"| {title} | median s | least–most | peak MiB |\n| --- | --- | --- | --- |")
            for name, values in seconds.items():
                print(
                    f"| {name} | {statistics.median(values):.2f} | {min(values):.2f}–{max(values):.2f} "
                    f"| {peaks[name] or ''} |"
                )
            print(flush=True)
    finally:
        shutil.rmtree(memory)


if __name__ == "__main__":
    main()
