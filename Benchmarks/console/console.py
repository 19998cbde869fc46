"""Measures uploads from Chromium and `pontoon upload` in turns, and the first view of the console; see `run`."""

import argparse
import datetime
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass

from chromium import Chromium
from shared.pontoond import Server
from shared.processes import environment

MIB = 1 << 20
SMALL = 16 << 10
# Limits of the first view: total bytes, and milliseconds until it is usable.
MOST_BYTES = 150_000

INPUT = """const input = document.createElement('input');
  Object.assign(input, { type: 'file', id: 'bench', webkitdirectory: %s });
  document.body.append(input);"""

START = """(async () => {
  const page = await (await fetch('/', { headers: { Accept: 'text/html' } })).text();
  const modules = /\\/console\\/[^\\/"']+\\//.exec(page)[0];
  const load = (path) => import(location.origin + modules + path);
  const { Client } = await load('api/client.js');
  const { Journal } = await load('upload/journal.js');
  const { UploadQueue } = await load('upload/queue.js');
  const { entriesFromInput } = await load('upload/selection.js');
  %(input)s
  const queue = new UploadQueue({ client: new Client({ token: '%(token)s' }), journal: await Journal.open() });
  globalThis.upload = () => new Promise((resolve) => {
    const began = performance.now();
    queue.addEventListener('idle', () => resolve([(performance.now() - began) / 1000, queue.totals.verified]));
    queue.add(entriesFromInput(input.files), { project: '%(project)s' });
  });
})()"""

# The same calls without checksums and retries. Shows the limit of the browser.
BARE = """(async () => {
  %(input)s
  const headers = { 'X-SBG-Auth-Token': '%(token)s', 'Content-Type': 'application/json' };
  const call = async (method, path, body) =>
    (await fetch('/v2/upload/multipart' + path, { method, headers, body: JSON.stringify(body) })).json();
  const partSize = 16 << 20;
  const upload = async (file, send) => {
    const parts = Math.ceil(file.size / partSize);
    const { upload_id: id, part_infos: infos } = await call('POST', '', {
      project: '%(project)s', name: file.name, size: file.size, part_size: partSize, part_infos: parts,
    });
    const reports = infos.map((info, at) => send(async () => {
      const answer = await fetch(info.url, { method: 'PUT', body: file.slice(at * partSize, (at + 1) * partSize) });
      return { part_number: at + 1, response: { headers: { ETag: answer.headers.get('ETag') } } };
    }));
    return call('POST', `/${id}/complete`, { parts: await Promise.all(reports) });
  };
  const limited = (count) => {
    const waiting = [];
    const next = () => { if (count > 0 && waiting.length > 0) { count -= 1; waiting.shift()(); } };
    return (body) => new Promise((resolve, reject) => {
      waiting.push(() => body().then(resolve, reject).finally(() => { count += 1; next(); }));
      next();
    });
  };
  globalThis.upload = async () => {
    const began = performance.now();
    const [files, parts] = [limited(8), limited(5)];
    const all = await Promise.all([...input.files].map((file) => files(() => upload(file, parts))));
    return [(performance.now() - began) / 1000, all.filter((file) => file.id).length];
  };
})()"""

VIEW = """(() => {
  const [page] = performance.getEntriesByType('navigation');
  const all = [page, ...performance.getEntriesByType('resource')].filter((entry) => !entry.name.includes('/v2/'));
  const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0;
  const bytes = all.reduce((sum, entry) => sum + entry.encodedBodySize, 0);
  return [bytes, all.length, Math.max(painted, page.domContentLoadedEventEnd)];
})()"""


@dataclass
class Measurement:
    """One upload: wall time, and processor times of the sender and the server, in seconds."""

    wall: float
    sender: float
    server: float


class Bench:
    """The programs and the folder of one run."""

    def __init__(self, options: argparse.Namespace, folder: pathlib.Path) -> None:
        self.options = options
        self.folder = folder

    def with_pontoon(self, source: pathlib.Path, count: int) -> Measurement:
        """Uploads with `pontoon upload`."""
        del count
        with self._server() as server:
            place = f"{source}/" if source.is_dir() else str(source)
            command = [self.options.client, "upload", "--project", server.project, place]
            busy, began = server.processor_seconds(), time.monotonic()
            process = subprocess.Popen(
                [*command, "--state", self.folder / "state"],
                env=environment(server.settings),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            wall = time.monotonic() - began
            if process.returncode != 0:
                raise SystemExit(f"bench: {command} exited with {process.returncode}")
            return Measurement(wall, usage.ru_utime + usage.ru_stime, server.processor_seconds() - busy)

    def with_console(self, source: pathlib.Path, count: int) -> Measurement:
        """Uploads with the console's engine in Chromium."""
        return self._with_chromium(START, source, count)

    def with_bare_calls(self, source: pathlib.Path, count: int) -> Measurement:
        """Uploads in Chromium with the same calls, but without checksums and retries."""
        return self._with_chromium(BARE, source, count)

    def _with_chromium(self, script: str, source: pathlib.Path, count: int) -> Measurement:
        profile = self.folder / "profile"
        with self._server() as server, Chromium(profile) as browser:
            browser.open(f"{server.origin}/")
            chooser = INPUT % ("true" if source.is_dir() else "false")
            browser.evaluate(script % {"token": server.token, "project": server.project, "input": chooser})
            browser.choose("#bench", source)
            while browser.evaluate("document.querySelector('#bench').files.length") != count:
                time.sleep(0.05)  # the folder is read in the background
            busy, own = server.processor_seconds(), browser.processor_seconds()
            wall, verified = browser.evaluate("upload()")
            if verified != count:
                raise SystemExit(f"bench: only {verified} of {count} files are verified")
            found = Measurement(wall, browser.processor_seconds() - own, server.processor_seconds() - busy)
        shutil.rmtree(profile)
        return found

    def first_view(self) -> list[tuple[str, int, int, list[float]]]:
        """Returns name, bytes, number of requests and milliseconds until usable of each view, with an empty cache."""
        views = []
        with self._server() as server:
            for name, path in [("sign in", "/"), ("projects", f"/#token={server.token}")]:
                times = []
                for _ in range(self.options.rounds):
                    profile = self.folder / "profile"
                    with Chromium(profile) as browser:
                        browser.open(server.origin + path)
                        size, requests, milliseconds = browser.evaluate(VIEW)
                        times.append(milliseconds)
                    shutil.rmtree(profile)
                views.append((name, size, requests, times))
        return views

    def _server(self) -> Server:
        for name in ("server", "state"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        return Server(self.options.server, self.folder / "server")


def write_files(folder: pathlib.Path, count: int) -> pathlib.Path:
    """Creates a folder of small files."""
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.bin").write_bytes(os.urandom(SMALL))
    return folder


def write_file(path: pathlib.Path, size: int) -> pathlib.Path:
    """Creates a file whose parts differ."""
    noise = os.urandom(16 * MIB + 1)
    with path.open("wb") as file:
        for at in range(0, size, len(noise)):
            file.write(noise[: size - at])
    return path


def compare(bench: Bench, title: str, source: pathlib.Path, count: int) -> None:
    """Measures all senders in turns and prints a table."""
    senders = {
        "`pontoon upload`": bench.with_pontoon,
        "console in Chromium": bench.with_console,
        "the same calls in Chromium, without checksums": bench.with_bare_calls,
    }
    found: dict[str, list[Measurement]] = {name: [] for name in senders}
    for number in range(bench.options.rounds):
        for name, send in senders.items():
            found[name].append(send(source, count))
            print(f"{title}, round {number + 1}, {name}: {found[name][-1].wall:.2f} s", file=sys.stderr)
    print(f"| {title} | Seconds, median (min–max) | Processor s, sender | Processor s, server | Relative to pontoon |")
    print("| --- | --- | --- | --- | --- |")
    for name, rounds in found.items():
        walls = sorted(one.wall for one in rounds)
        sender, server = (statistics.median(getattr(one, field) for one in rounds) for field in ("sender", "server"))
        pairs = zip(found["`pontoon upload`"], rounds, strict=True)
        ratio = statistics.median(base.wall / own.wall for base, own in pairs)
        seconds = f"{statistics.median(walls):.2f} ({walls[0]:.2f}–{walls[-1]:.2f})"
        print(f"| {name} | {seconds} | {sender:.1f} | {server:.1f} | {ratio:.2f} |")
    print(flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="Benchmarks/console/run", description="Measures the console.")
    parser.add_argument("--server", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--client", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=2000, metavar="MIB", help="length of the large file")
    parser.add_argument("--files", type=int, default=2000, help="number of small files")
    parser.add_argument("--smoke", action="store_true", help="run once with little data, to see that it works")
    options = parser.parse_args()
    if options.smoke:
        options.rounds, options.size, options.files = 1, 50, 20
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="pontoon-console-", dir=memory) as name:
        folder = pathlib.Path(name)
        bench = Bench(options, folder)
        print(f"{datetime.date.today()}, {platform.machine()}, {os.cpu_count()} processors, {options.rounds} rounds\n")
        large = write_file(folder / "large.bin", options.size * MIB)
        compare(bench, f"{options.size} MiB", large, 1)
        large.unlink()
        compare(bench, f"{options.files} files of 16 KiB", write_files(folder / "small", options.files), options.files)
        views = bench.first_view()
        print("| First view | Bytes | Requests | Milliseconds to use, median (min–max) |")
        print("| --- | --- | --- | --- |")
        for view, size, requests, times in views:
            times.sort()
            middle = statistics.median(times)
            print(f"| {view} | {size:,} | {requests} | {middle:.0f} ({times[0]:.0f}–{times[-1]:.0f}) |")
        if too_long := [view for view, size, *_ in views if size > MOST_BYTES]:
            raise SystemExit(f"bench: views that need more than {MOST_BYTES:,} bytes: {', '.join(too_long)}")


main()
