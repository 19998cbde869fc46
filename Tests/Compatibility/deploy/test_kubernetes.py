"""deploy/kubernetes: the files match the schemas of Kubernetes, each other and the server."""

import os
import re
import subprocess

import kubernetes_validate
import pytest
import requests
import yaml

from support import server as servers
from support.server import BINARY, ROOT
from support.stores import EnginePool, Stores

FOLDER = ROOT / "deploy/kubernetes"
SECRET, SERVICE, DEPLOYMENT = (
    yaml.safe_load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8")) for name in ("secret", "service", "deployment")
)
POD = DEPLOYMENT["spec"]["template"]["spec"]
(CONTAINER,) = POD["containers"]


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
@pytest.mark.parametrize("version", ["1.30", kubernetes_validate.latest_version()])
def test_schema(path, version) -> None:
    for resource in yaml.safe_load_all(path.read_text(encoding="utf-8")):
        kubernetes_validate.validate(resource, version, strict=True)


def test_schema_is_strict() -> None:
    """The validation rejects a misspelled field."""
    wrong = yaml.safe_load((FOLDER / "deployment.yaml").read_text(encoding="utf-8"))
    wrong["spec"]["template"]["spec"]["enableServiceLink"] = False
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(wrong, kubernetes_validate.latest_version(), strict=True)


def test_references() -> None:
    """Labels, ports and the name of the secret match. The secret contains no values."""
    labels = DEPLOYMENT["spec"]["template"]["metadata"]["labels"]
    assert SERVICE["spec"]["selector"].items() <= labels.items()
    assert DEPLOYMENT["spec"]["selector"]["matchLabels"].items() <= labels.items()
    ports = {port["name"]: port["containerPort"] for port in CONTAINER["ports"]}
    assert [port["targetPort"] for port in SERVICE["spec"]["ports"]] == ["http"]
    assert CONTAINER["args"][CONTAINER["args"].index("--listen") + 1] == f"0.0.0.0:{ports['http']}"
    assert CONTAINER["envFrom"] == [{"secretRef": {"name": SECRET["metadata"]["name"]}}]
    assert set(SECRET["stringData"].values()) == {""}


def test_user() -> None:
    """The container runs as the user of the image."""
    user = re.search(r"^USER (\d+):(\d+)$", (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    context = POD["securityContext"]
    assert user and [context["runAsUser"], context["runAsGroup"]] == [int(user[1]), int(user[2])]


def test_server(tmp_path, engine_pool: EnginePool) -> None:
    """A server with the variables and arguments of the container starts, and the probes succeed.

    It ignores the variables that Kubernetes would set for the service without `enableServiceLinks: false`.
    """
    stores: Stores = engine_pool.stores("postgresql+s3")
    given = servers.environment(stores)
    names = {entry["name"] for entry in CONTAINER["env"]}
    assert {"PONTOON_METADATA", "PONTOON_OBJECTS"} <= names and POD["enableServiceLinks"] is False
    assert set(SECRET["stringData"]) - {"PGPASSWORD"} == {name for name in given if name in SECRET["stringData"]}
    fixed = {entry["name"]: entry["value"] for entry in CONTAINER["env"] if entry["name"] not in given}
    links = {"PONTOON_PORT": "tcp://10.0.0.9:80", "PONTOON_SERVICE_HOST": "10.0.0.9", "PONTOON_SERVICE_PORT_HTTP": "80"}
    # The server listens on another address and stops without a drain.
    replaced = {"0.0.0.0:8080": "127.0.0.1:0", "10s": "0s"}
    assert set(replaced) <= set(CONTAINER["args"])
    arguments = [replaced.get(argument, argument) for argument in CONTAINER["args"]]
    # With --public-url, the output names that URL instead of the address.
    fixed.pop("PONTOON_PUBLIC_URL")
    for extra in ({}, links):
        process = subprocess.Popen(
            [BINARY, *arguments],
            env=given | fixed | extra,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            address = next(filter(None, map(servers.LISTENING.search, process.stdout)))[0].removesuffix("/v2")
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                url = address + CONTAINER[probe]["httpGet"]["path"]
                servers.eventually(lambda: requests.get(url).status_code == 200, probe)
        finally:
            process.terminate()
            assert process.wait(timeout=300) == 0
    assert os.listdir(tmp_path) == []
