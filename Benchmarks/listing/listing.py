"""Fills stores of several sizes, starts a server on each, and times the list calls; see `run`."""

import argparse
import collections
import datetime
import os
import pathlib
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time

from shared.pontoond import Server

# Files in one folder, and open uploads of one user.
SIZES = [(1_000, 1_000), (100_000, 10_000), (1_000_000, 100_000)]
SMOKE_SIZES = [(200, 200), (2_000, 300)]
DATABASE = "pontoon.sqlite"
RARE = 5  # number of files with the rare metadata value, in every size

Case = collections.namedtuple("Case", "name path total items")


def start(binary, folder):
    return Server(binary, folder, "--upload-lifetime", "90d")


def fill(data, files, uploads):
    """Adds files and uploads to the database of a server that is not running, and updates the totals."""
    # The server does not start if there are records of objects but no object was ever stored.
    (data / "objects/files/00").mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(data / DATABASE)
    database.execute("PRAGMA foreign_keys = ON")
    project, root, owner = database.execute("SELECT id, root_folder, owner FROM projects").fetchone()
    now = int(time.time() * 1000)
    with database:
        database.executemany(
            "INSERT INTO objects (key, size, crc64, md5, created_on) VALUES (?, 10, NULL, NULL, ?)",
            ((f"{i:032x}", now) for i in range(files)),
        )
        database.executemany(
            "INSERT INTO files (id, project_id, parent_id, name, kind, object_key, created_on, modified_on)"
            " VALUES (?, ?, ?, ?, 'file', ?, ?, ?)",
            ((f"{i:024x}", project, root, f"sample-{i:07d}.bam", f"{i:032x}", now, now) for i in range(files)),
        )
        # A quarter of the files have metadata. The number of files with the rare value is the same in every size.
        database.executemany(
            "INSERT INTO file_metadata (file_id, key, value, project_id) VALUES (?, ?, ?, ?)",
            (
                pair
                for i in range(0, files, 4)
                for pair in (
                    (f"{i:024x}", "sample_id", "rare" if i // 4 < RARE else f"s{i}", project),
                    (f"{i:024x}", "platform", "Illumina", project),
                )
            ),
        )
        database.executemany(
            "INSERT INTO uploads (id, user_name, project_id, parent_id, parent_was_named, name, size, part_size,"
            " overwrites, object_key, initiated_on, state) VALUES (?, ?, ?, ?, 0, ?, 10, 5242880, 0, ?, ?, 'active')",
            ((f"up{i:020d}", owner, project, root, f"open-{i}", f"f{i:031x}", now + i) for i in range(uploads)),
        )
        database.execute("UPDATE folder_totals SET entries = entries + ? WHERE folder_id = ?", (files, root))
        database.execute("INSERT OR IGNORE INTO folder_totals (folder_id, shard, entries) VALUES (?, 0, ?)", (root, files))
        database.execute("UPDATE user_totals SET open_uploads = open_uploads + ? WHERE user_name = ?", (uploads, owner))
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    # Each open upload has a file, which the server reads at startup.
    for i in range(uploads):
        (data / "objects" / "uploads" / f"f{i:031x}").touch()
    return project


def cases(project, files, uploads):
    middle, last = f"sample-{files // 2:07d}.bam", files - 50
    listing = f"/v2/files?project={project}"
    return [
        Case("files, first page", f"{listing}&limit=50", files, 50),
        Case("files, last page", f"{listing}&limit=50&offset={last}", files, 50),
        Case("files, `name=` (one)", f"{listing}&name={middle}", 1, 1),
        Case("files, `name=` (three)", f"{listing}&name={middle}&name=sample-0000001.bam&name=none", 2, 2),
        Case(f"files, `metadata.sample_id=` ({RARE} match)", f"{listing}&metadata.sample_id=rare", RARE, RARE),
        Case(
            f"files, two `metadata` filters ({RARE} match)",
            f"{listing}&metadata.platform=Illumina&metadata.sample_id=rare",
            RARE,
            RARE,
        ),
        Case("files, scroll from the start", f"/v2/files/scroll?project={project}&limit=50", files, 50),
        Case("open uploads, first page", "/v2/upload/multipart?limit=50", uploads, 50),
        Case("open uploads, last page", f"/v2/upload/multipart?limit=50&offset={uploads - 50}", uploads, 50),
        Case("open uploads, middle page †", f"/v2/upload/multipart?limit=50&offset={uploads // 2}", uploads, 50),
        Case("files, middle page †", f"{listing}&limit=50&offset={files // 2}", files, 50),
        Case("files, `metadata.platform=` (a quarter matches) ‡", f"{listing}&metadata.platform=Illumina", files // 4, 50),
    ]


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def milliseconds(times):
    return f"{statistics.median(times) * 1000:.2f} ({min(times) * 1000:.2f}–{max(times) * 1000:.2f})"


def table(sizes, times):
    head = [f"{files:,} files, {uploads:,} uploads" for files, uploads in sizes]
    ratios = [f"{files:,} : {sizes[0][0]:,}" for files, _ in sizes[1:]]
    yield "| Call | " + " | ".join(head + [f"ratio {ratio}" for ratio in ratios]) + " |"
    yield "| --- |" + " ---: |" * (len(head) + len(ratios))
    for name, measured in times.items():
        first = statistics.median(measured[0])
        ratio = [f"{statistics.median(later) / first:.2f}" for later in measured[1:]]
        yield f"| {name} | " + " | ".join([milliseconds(one) for one in measured] + ratio) + " |"


def measure(servers, calls, repeats):
    """Calls the servers in turn, so that other load on the machine affects all sizes equally."""
    times = {case.name: [[] for _ in servers] for case in calls[0]}
    for round_number in range(-3, repeats):
        for row in zip(*calls):
            for index, (server, case) in enumerate(zip(servers, row)):
                seconds, response, body = server.get(case.path)
                if round_number < 0:  # not counted: fills caches
                    total = response.headers.get("X-Total-Matching-Query")
                    found = body.count(b'"upload_id"') or body.count(b'"id"')
                    if (total, found) != (str(case.total), case.items):
                        raise SystemExit(f"{case.path}: {found} of {total}, not {case.items} of {case.total}")
                else:
                    times[case.name][index].append(seconds)
    return times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--calls", type=int, default=50)
    parser.add_argument("--smoke", action="store_true")
    arguments = parser.parse_args()
    sizes = SMOKE_SIZES if arguments.smoke else SIZES
    repeats = 3 if arguments.smoke else arguments.calls
    work = pathlib.Path(tempfile.mkdtemp(prefix="pontoon-listing-"))
    servers, calls = [], []
    try:
        for files, uploads in sizes:
            folder = work / f"{files}"
            with start(arguments.server, folder) as empty:
                data = empty.data
            project = fill(data, files, uploads)
            servers.append(start(arguments.server, folder))
            calls.append(cases(project, files, uploads))
            print(f"{files:,} files, {uploads:,} open uploads: database "
                  f"{(data / DATABASE).stat().st_size / 1e6:.0f} MB, ready after {servers[-1].seconds_to_ready:.2f} s",
                  file=sys.stderr)
        times = measure(servers, calls, repeats)
        load = os.getloadavg()[0]
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(work)
    print(f"`{'Benchmarks/listing/run' + (' --smoke' if arguments.smoke else '')}`, {datetime.date.today()}, "
          f"{os.cpu_count()} × {processor()}, Linux {platform.release()}, load {load:.1f}")
    print()
    print(f"Milliseconds, median (least–most) of {repeats} calls over one connection per server, the sizes in turn.")
    print()
    print("\n".join(table(sizes, times)))
    print()
    print("† is proportional to the distance from the nearer end, ‡ to the number of matches, which are counted. Neither is expected to stay flat.")
    print()
    print("| Store | From start to the first answer |")
    print("| --- | ---: |")
    for (files, uploads), server in zip(sizes, servers):
        print(f"| {files:,} files, {uploads:,} open uploads | {server.seconds_to_ready:.2f} s |")


if __name__ == "__main__":
    main()
