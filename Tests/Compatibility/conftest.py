"""Fixtures: the stores, the server under test, and a client of it.

The server is the release build, unless TEST_PONTOOND names another binary. With --endpoint the tests call a server that
runs already; those that look into its stores or change its settings are skipped.
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
    """Runs a test that uses `stores` once per choice, unless the test chooses itself."""
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
    """Empty stores; a test that uses them runs once per combination."""
    if request.param == "endpoint":
        return Stores()
    pool: EnginePool = request.getfixturevalue("engine_pool")
    return pool.stores(request.param)


@pytest.fixture
def part_size(stores: Stores) -> int:
    """A size for tests that need many parts: small, but never below the 5 MiB that S3 demands."""
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
    """Creates clients of the server; a token, if given, replaces the admin's."""

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
    """The server's object store, read past the server; the test is marked `own_server`."""
    return server.objects


@pytest.fixture
def thread_errors() -> Iterator[list[BaseException]]:
    """Collects the exceptions that the client's threads end with; without it they fail the test."""
    with client.collected_thread_errors() as errors:
        yield errors


@pytest.fixture
def upload(api: sevenbridges.Api) -> Callable[..., Any]:
    """Uploads a file with the client and returns it."""
    return functools.partial(client.upload, api)
