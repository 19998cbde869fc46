"""Checks deploy/Dockerfile without a container engine: runs the steps that do not change the machine."""

import json
import pathlib
import re
import shutil
import subprocess

from support.server import BINARY, ROOT, running_server

LINES = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
STEPS = [tuple(line.split(maxsplit=1)) for line in LINES if line and not line.startswith("#")]


def stages() -> list[list[tuple[str, str]]]:
    """Returns the instructions of each stage, with their arguments."""
    found: list[list[tuple[str, str]]] = []
    for name, argument in STEPS:
        if name == "FROM":
            found.append([])
        found[-1].append((name, argument))
    return found


def only(stage: list[tuple[str, str]], name: str) -> str:
    """Returns the argument of the only instruction with this name."""
    (argument,) = [argument for step, argument in stage if step == name]
    return argument


def is_sent(path: str) -> bool:
    """Returns whether a path is in the build context, according to the last matching line of .dockerignore."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and (pattern == "*" or f"{path}/".startswith(f"{pattern}/")):
            sent = line.startswith("!")
    return sent


def not_sent(folder: str, names: list[str]) -> list[str]:
    """Returns the names in a folder that .dockerignore excludes from the build context."""
    return [name for name in names if not is_sent(str((pathlib.Path(folder) / name).relative_to(ROOT)))]


def test_sources(tmp_path: pathlib.Path) -> None:
    """The build stage has every source in Package.swift, and fetches dependencies before it copies sources."""
    build, _ = stages()
    names = [argument.split() for name, argument in build if name == "COPY"]
    fetch = build.index(("RUN", "swift package resolve"))
    assert [step for step in build[:fetch] if step[0] == "COPY"] == [("COPY", "Package.swift ./")]
    for source, target in names:
        assert is_sent(source), source
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, tmp_path / target, ignore=not_sent)
        else:
            shutil.copy(ROOT / source, tmp_path / target)
    assert not (tmp_path / "Tests/Console").exists()
    command = ["swift", "package", "--package-path", tmp_path, "describe", "--type", "json"]
    described = subprocess.run(command, capture_output=True, text=True)
    assert described.returncode == 0, described.stderr
    products = {product["name"] for product in json.loads(described.stdout)["products"]}
    (compile,) = [argument for name, argument in build if "swift build" in argument]
    assert set(re.findall(r"--product (\S+)", compile)) <= products
    assert "--static-swift-stdlib" in compile and "-c release" in compile


def test_user_and_volume() -> None:
    """The server does not run as root. The volume is its home and working directory."""
    _, image = stages()
    user = only(image, "USER")
    assert re.fullmatch(r"[1-9][0-9]+:[1-9][0-9]+", user)
    create = only(image, "RUN")
    assert f"--uid {user.split(':')[0]} " in create and f"--home-dir {only(image, 'WORKDIR')} " in create
    assert only(image, "VOLUME") == only(image, "WORKDIR")
    order = [name for name, _ in image]
    assert order.index("RUN") < order.index("USER") < order.index("VOLUME")


def test_exact_versions() -> None:
    for stage in stages():
        assert re.match(r"[a-z]+:[0-9]+[.][0-9]+([.][0-9]+)?-[a-z]+", only(stage, "FROM"))


def test_command(tmp_path: pathlib.Path) -> None:
    """The default command is a valid configuration."""
    _, image = stages()
    assert json.loads(only(image, "ENTRYPOINT")) == ["pontoond"]
    command = [BINARY, *json.loads(only(image, "CMD")), "--check-config"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def test_health_check(tmp_path: pathlib.Path) -> None:
    """The health check succeeds while a server runs, and fails otherwise."""
    _, image = stages()
    command = json.loads(only(image, "HEALTHCHECK").split(" CMD ")[1])
    assert "curl" in only(image, "RUN") and ":8080/" in command[-1]
    with running_server(tmp_path) as server:
        command[-1] = command[-1].replace("http://127.0.0.1:8080", server.origin)
        assert subprocess.run(command).returncode == 0
    assert subprocess.run(command).returncode != 0
