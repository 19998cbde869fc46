"""Uploads of one user into one folder: through servers, and in PostgreSQL alone; see `run`."""

import argparse
import concurrent.futures
import datetime
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import engines
import scale

CLIENTS = 48  # as many as the connections of three servers
# Every call with status 201 stores a file, either by completing an upload or by a file put.
COMMON = """
stored, number = 0, 0
wrk.headers["X-SBG-Auth-Token"] = "%s"
function init(arguments) prefix = arguments[1] end
function count(status) if status == 201 then stored = stored + 1 end end
function setup(thread) threads = threads or {}; table.insert(threads, thread) end
done = function(summary, latency, requests)
  local files = 0
  for _, thread in ipairs(threads) do files = files + thread:get("stored") end
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format("%%d %%d %%d\\n", files, summary.duration, bad))
end
"""
LOADS = {
    "initialize and complete, empty files": """
local waiting, first, last = {}, 1, 0
wrk.headers["Content-Type"] = "application/json"
function request()
  if first <= last then
    local id = waiting[first]
    waiting[first] = nil
    first = first + 1
    return wrk.format("POST", "/v2/upload/multipart/" .. id .. "/complete", nil, "{}")
  end
  number = number + 1
  local body = '{"project":"admin/uploads","name":"' .. prefix .. number .. '","size":0}'
  return wrk.format("POST", "/v2/upload/multipart", nil, body)
end
function response(status, headers, body)
  count(status)
  local id = status == 200 and body:match('"upload_id"%s*:%s*"([^"]+)"')
  if id then last = last + 1; waiting[last] = id end
end
""",
    "`PUT /v2/files/content`, 1 byte": """
function request()
  number = number + 1
  return wrk.format("PUT", "/v2/files/content?project=admin/uploads&name=" .. prefix .. number, nil, "x")
end
function response(status, headers, body) count(status) end
""",
}
DISKS = {"fsync of this disk": "", "fsync that takes 2 ms longer": "-c commit_delay=2000 -c commit_siblings=0"}


def files_per_second(folder, addresses, load, seconds, name):
    """Returns the files per second that are stored through all servers together. One wrk calls each server."""
    script = folder / "uploads.lua"
    script.write_text(COMMON % scale.TOKEN + load)
    each = max(1, CLIENTS // len(addresses))

    def one(numbered):
        number, address = numbered
        command = ["wrk", "-t1", f"-c{each}", f"-d{seconds}s", "--timeout", "30s", "-s", script]
        command += [f"http://{address}/", f"{name}-{number}-"]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        files, microseconds, bad = map(int, output.splitlines()[-1].split())
        if bad or not files:
            sys.exit(f"uploads: {bad} calls failed, {files} files were stored: {output}")
        return files / (microseconds / 1e6)

    with concurrent.futures.ThreadPoolExecutor() as pool:
        return sum(pool.map(one, enumerate(addresses)))


def check_counters(metadata):
    """Exits if a counter differs from the number of files or uploads that it counts."""
    wrong = scale.psql(
        metadata,
        """
        SELECT 'folder_totals' FROM projects
        WHERE (SELECT SUM(entries) FROM folder_totals WHERE folder_id = root_folder)
            <> (SELECT COUNT(*) FROM files WHERE parent_id = root_folder)
        UNION ALL
        SELECT 'project_usage' FROM projects
        WHERE (SELECT SUM(files) FROM project_usage WHERE project_id = projects.id)
            <> (SELECT COUNT(*) FROM files WHERE project_id = projects.id AND kind = 'file')
        UNION ALL
        SELECT 'user_totals' FROM users
        WHERE (SELECT SUM(open_uploads) FROM user_totals WHERE user_name = users.name)
            <> (SELECT COUNT(*) FROM uploads WHERE user_name = users.name AND state <> 'completed')
        """,
    )
    if wrong:
        sys.exit(f"uploads: wrong counters: {wrong}")


def through_servers(binary, folder, metadata, store, seconds, counts):
    header = " | ".join(f"{count} server{'s' * (count > 1)}" for count in counts)
    print(f"| files of one user per second | {header} |\n| --- |{' --- |' * len(counts)}")
    rates = {name: [] for name in LOADS}
    for count in counts:
        with scale.servers(binary, count, folder, metadata, store) as addresses:
            for index, (name, load) in enumerate(LOADS.items()):
                rates[name].append(files_per_second(folder, addresses, load, seconds, f"{count}-{index}"))
    for name, found in rates.items():
        print(f"| {name} | " + " | ".join(f"{rate:,.0f}/s" for rate in found) + " |", flush=True)


def in_database(metadata, seconds):
    """Measures the transactions of initialize and complete with one row and with 16 rows per counter."""
    root = scale.psql(metadata, "SELECT root_folder FROM projects WHERE id = 'admin/uploads'")
    print("\n| files of one user per second, in PostgreSQL alone | one row | 16 rows |\n| --- | --- | --- |")
    for name, options in DISKS.items():
        rates = [pgbench(metadata, root, shards, options, seconds) for shards in (1, 16)]
        print(f"| {name} | " + " | ".join(f"{rate:,.0f}/s" for rate in rates) + " |", flush=True)


def pgbench(metadata, root, shards, options, seconds):
    script = pathlib.Path(__file__).parent / "upload.sql"
    variables = {"user": "admin", "project": "admin/uploads", "folder": root, "shards": shards}
    definitions = [f"-D{name}={value}" for name, value in variables.items()]
    command = ["pgbench", "-n", "-Mprepared", f"-c{CLIENTS}", "-j2", f"-T{seconds}"]
    done = subprocess.run(
        [*command, *definitions, "-f", script, metadata],
        env=os.environ | {"PGOPTIONS": options},
        capture_output=True,
        text=True,
        check=True,
    )
    rate = next(line for line in done.stdout.splitlines() if line.startswith("tps = "))
    return float(rate.split()[2])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=int, default=8)
    parser.add_argument("--smoke", action="store_true")
    options = parser.parse_args()
    global CLIENTS
    if options.smoke:
        CLIENTS = 4  # so that each completes an upload
    seconds = 1 if options.smoke else options.seconds
    with tempfile.TemporaryDirectory(prefix="pontoon-uploads-") as name:
        folder = pathlib.Path(name)
        with engines.PostgreSQL(*scale.POSTGRESQL) as database, engines.SeaweedFS(scale.WEED, folder / "weed") as store:
            metadata = database.url("postgres")
            now = datetime.date.today().isoformat()
            print(f"\n{platform.machine()}, {os.cpu_count()} processors, {now}, {CLIENTS} connections\n")
            through_servers(options.server, folder, metadata, store, seconds, [1] if options.smoke else [1, 3])
            in_database(metadata, seconds)
            check_counters(metadata)


if __name__ == "__main__":
    main()
