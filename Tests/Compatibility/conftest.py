"""Fixtures: the stores, the server under test, and a client of it.

The server is the release build, unless TEST_PONTOOND names another binary. With --endpoint, the tests call a server
that is already running. Tests that read its stores directly or need other settings are skipped.
"""

import functools
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sevenbridges

from support import client
from support.object_store import ObjectStore
from support.server import Server, running_server
from support.stores import CHOICES, EnginePool, Stores

PROJECT = "admin/uploads"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("pontoon")
    group.addoption("--endpoint", help="call this server, such as http://127.0.0.1:8080/v2, instead of starting one")
    group.addoption("--token", help="token for --endpoint, of a user who may create projects")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Runs each test that uses `stores` with every combination of stores, unless the test selects its own."""
    if "stores" in metafunc.fixturenames and not any(
        "stores" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")
    ):
        choices = ("endpoint",) if metafunc.config.getoption("endpoint") else CHOICES
        metafunc.parametrize("stores", choices, indirect=True)


@pytest.fixture(scope="session")
def engine_pool() -> Iterator[EnginePool]:
    pool = EnginePool()
    yield pool
    pool.close()


@pytest.fixture
def stores(request: pytest.FixtureRequest) -> Stores:
    """Empty stores. Tests that use them run with every combination."""
    if request.param == "endpoint":
        return Stores()
    pool: EnginePool = request.getfixturevalue("engine_pool")
    return pool.stores(request.param)


@pytest.fixture
def part_size(stores: Stores) -> int:
    """A small part size for tests that need many parts. With S3, it is the minimum of 5 MiB."""
    return 5 << 20 if stores.objects else 64 << 10


@pytest.fixture
def server(request: pytest.FixtureRequest, stores: Stores, tmp_path: pathlib.Path) -> Iterator[Server]:
    """A server on `stores`."""
    config = request.config
    marks = list(request.node.iter_markers())
    if endpoint := config.getoption("endpoint"):
        if any(mark.name in ("server", "small_parts", "own_server") for mark in marks):
            pytest.skip("needs a server that the tests start themselves")
        yield Server(endpoint.rstrip("/"), config.getoption("token"), tmp_path, tmp_path, stores)
        return
    arguments = [argument for mark in marks if mark.name == "server" for argument in mark.args]
    if any(mark.name == "small_parts" for mark in marks):
        arguments += ["--min-part-size", str(request.getfixturevalue("part_size"))]
    with running_server(tmp_path, stores, arguments) as running:
        yield running


@pytest.fixture
def connect(server: Server) -> Callable[..., sevenbridges.Api]:
    """Returns a function that creates clients of the server, which use the admin's token by default."""

    def connect(**options: Any) -> sevenbridges.Api:
        return client.connect(server.endpoint, **({"token": server.token} | options))

    return connect


@pytest.fixture
def api(connect: Callable[..., sevenbridges.Api]) -> sevenbridges.Api:
    """A client of the server with the admin's token."""
    return connect()


@pytest.fixture
def project(request: pytest.FixtureRequest, api: sevenbridges.Api) -> Iterator[str]:
    """The id of an empty project."""
    if not request.config.getoption("endpoint"):
        yield PROJECT
        return
    created = api.projects.create(name=f"Compatibility: {request.node.name}")
    yield created.id
    created.delete()


@pytest.fixture
def object_store(server: Server) -> ObjectStore:
    """Direct access to the server's object store. Tests that use it must be marked `own_server`."""
    return server.objects


@pytest.fixture
def thread_errors() -> Iterator[list[BaseException]]:
    """Collects the uncaught exceptions of the client's threads, which would otherwise fail the test."""
    with client.collected_thread_errors() as errors:
        yield errors


@pytest.fixture
def upload(api: sevenbridges.Api) -> Callable[..., Any]:
    """Returns a function that uploads a file with the client and returns the new file."""
    return functools.partial(client.upload, api)
