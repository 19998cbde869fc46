"""The context of the results: machine, date, versions and command."""

import datetime
import os
import pathlib
import platform
import re
import subprocess

from shared.processes import run

from .workplace import GIB, Workplace


def _processor() -> str:
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _file_system(folder: pathlib.Path) -> str:
    return run(["findmnt", "--noheadings", "--output", "FSTYPE", "--target", folder]).strip()


def _first_line(*command: str | os.PathLike[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout + done.stderr).splitlines()[0]


def _commit(place: Workplace) -> str:
    here = pathlib.Path(__file__).parent
    commit = subprocess.run(["git", "-C", here, "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    changed = subprocess.run(
        ["git", "-C", here, "status", "--porcelain", "--", ":/Sources", ":/Package.swift"],
        capture_output=True,
        text=True,
    )
    return (commit.stdout.strip() or "unknown") + (" with changes" if changed.stdout else "")


def _versions(place: Workplace) -> dict[str, str]:
    packages = run([place.tools / "pip", "list", "--format", "freeze"])
    python_client = re.search(r"^sevenbridges-python==(.*)$", packages, re.MULTILINE)
    return {
        "Pontoon": _commit(place),
        "nginx": _first_line("/usr/sbin/nginx", "-v").rpartition("/")[2],
        "SeaweedFS": _first_line(place.tools / "weed", "version").split()[2],
        "sevenbridges-python": python_client[1] if python_client else "unknown",
        "s5cmd": _first_line(place.tools / "s5cmd", "version"),
        "aws": _first_line(place.tools / "aws", "--version").split()[0].rpartition("/")[2],
        "wrk": _first_line("wrk", "-v").split()[1],
        "Swift": re.sub(r".*Swift version (\S+).*", r"\1", _first_line("swift", "--version")),
    }


def description(place: Workplace, command: str) -> str:
    """Returns the lines above the table."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
    versions = ", ".join(f"{name} {version}" for name, version in _versions(place).items())
    return (
        f"`{command}`, {datetime.date.today()}, {os.cpu_count()} × {_processor()}, {memory:.0f} GiB,"
        f" Linux {platform.release()}, {_file_system(place.disk)} disk and {_file_system(place.memory)}.\n"
        f"{versions}."
    )
