""".github/workflows: the files match the schema of GitHub Actions and use only exact versions and few permissions."""

import re
import subprocess
import sys

import pytest
import yaml

from support.server import ROOT

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
NAMES = [path.name for path in WORKFLOWS]


def jobs(path) -> dict:
    return yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]


def check(path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_schema(path, tmp_path) -> None:
    checked = check(path)
    assert checked.returncode == 0, checked.stdout
    wrong = tmp_path / "wrong.yml"
    wrong.write_text(path.read_text(encoding="utf-8").replace("runs-on:", "run-on:"), encoding="utf-8")
    assert check(wrong).returncode == 1


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_versions_and_permissions(path) -> None:
    """Actions and images have exact versions. Only the job that publishes a release has write permission."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] in ({}, {"contents": "read"})
    for name, job in jobs(path).items():
        assert job["timeout-minutes"] <= 90
        writes = [right for right, access in job.get("permissions", {}).items() if access != "read"]
        assert writes == (["contents"] if name == "publish" else [])
        for step in job["steps"]:
            assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+", step["uses"]), step["uses"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=NAMES)
def test_commands(path, tmp_path) -> None:
    """The scripts of the steps pass shellcheck, and use only existing targets and scripts."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for number, step in enumerate(step for job in jobs(path).values() for step in job["steps"] if "run" in step):
        script = tmp_path / f"{number}.sh"
        script.write_text(f"#!/bin/bash\nset -e\n{step['run']}", encoding="utf-8")
        checked = subprocess.run(["shellcheck", script], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stdout
        for target in re.findall(r"^make (\S+)", step["run"], re.MULTILINE):
            assert f"\n{target}:" in makefile, target
        for name in re.findall(r"(?:\.ci|Scripts)/[a-z-]+|Sources/\S+", step["run"]):
            assert (ROOT / name).is_file(), name


def publishing(name: str) -> str:
    (step,) = [step for step in jobs(FOLDER / "release.yml")["publish"]["steps"] if step.get("name") == name]
    return step["run"]


def test_checksums(tmp_path) -> None:
    """A release has the files of both architectures and one list of their checksums. A missing file is an error."""
    for architecture in ("x86-64", "arm64"):
        folder = tmp_path / "dist" / architecture
        folder.mkdir(parents=True)
        (folder / f"pontoon-{architecture}.tar.gz").write_text(architecture)
        (folder / "Package.resolved").write_text("the same")
        files = sorted(path.name for path in folder.iterdir())
        with (folder / "SHA256SUMS").open("w") as sums:
            subprocess.run(["sha256sum", *files], cwd=folder, stdout=sums, check=True)
    command = ["bash", "-e", "-c", publishing("List the checksums")]
    copy = tmp_path / "changed"
    subprocess.run(["cp", "-r", tmp_path / "dist", copy], check=True)
    subprocess.run(command, cwd=tmp_path, check=True)
    assert len((tmp_path / "release/SHA256SUMS").read_text().splitlines()) == 3
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=tmp_path / "release", check=True)
    (copy / "arm64/Package.resolved").write_text("different")
    broken = tmp_path / "broken"
    broken.mkdir()
    copy.rename(broken / "dist")
    assert subprocess.run(command, cwd=broken, stdout=subprocess.DEVNULL).returncode == 1


def test_release_notes(tmp_path) -> None:
    """The notes of a release are its section of the changelog."""
    changelog = "# Changelog\n\n## [Unreleased]\n\nnot yet\n\n## [0.2.0] - 2027-01-01\n\nnew\n\n## [0.1.0]\n\nfirst\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    script = publishing("Create the release with its section of the changelog").replace("gh release", "true gh release")
    subprocess.run(
        ["bash", "-e", "-c", script], cwd=tmp_path, check=True, env={"GITHUB_REF_NAME": "v0.2.0", "PATH": "/usr/bin:/bin"}
    )
    assert (tmp_path / "notes").read_text().split() == ["new"]
