"""The client adds code packages to an automation."""

import pytest
from pytest_check import check
from sevenbridges import errors

from support.client import check_refused, write_random

pytestmark = [pytest.mark.small_parts, pytest.mark.own_server]

SCHEMA = {"inputs": [{"id": "project", "type": "string"}], "outputs": []}


@pytest.fixture
def automation(api):
    return api.automations.create("nightly", description="every night")


@pytest.fixture
def add(automation, tmp_path, part_size):
    """Adds a package of some size to the automation."""

    def add(size, **options):
        path = tmp_path / f"code {size}.zip"
        write_random(path, size, seed=size)
        package = automation.add_package(f"1.{size}", str(path), SCHEMA, part_size=part_size, **options)
        check.equal(package.automation, automation.id, "automation")
        details = (package.version, package.created_by, package.archived)
        check.equal(details, (f"1.{size}", "admin", False), "package")
        found = automation.get_package(package.id)
        wanted = (package.id, package.version, package.location)
        check.equal((found.id, found.version, found.location), wanted, "the package again")
        check.equal(found.schema, SCHEMA, "schema")
        return package

    return add


def test_an_automation(api, automation):
    found = api.automations.get(automation.id)
    check.equal((found.name, found.description), ("nightly", "every night"), "name and description")
    check.equal((found.owner, found.created_by, found.archived), ("admin", "admin", False), "owner")
    check_refused(errors.NotFound, 90003, lambda: api.automations.get("nope"), "an unknown automation")
    check_refused(errors.NotFound, 90003, lambda: automation.get_package("nope"), "an unknown package")


def test_packages(api, project, add, part_size, object_store):
    packages = [add(size) for size in (1, part_size, 5 * part_size + 3)]
    again = add(1, python="3.8")
    check.equal(len(object_store.finished()), 4, "stored packages")
    locations = {package.location for package in [*packages, again]}
    check.equal(len(locations), 4, "each upload is another file, whatever its name")
    check.equal(again.python, "3.8", "python")
    check.equal([file.name for file in api.files.query(project=project)], [], "files of the project")
    check_refused(errors.NotFound, 5002, lambda: api.files.get(again.location), "a package as a file")


def test_lists(api, automation, add):
    check.equal([found.id for found in api.automations.query()], [automation.id], "automations")
    check.equal(len(api.automations.query(name="nightly", include_archived=True)), 1, "automations of a name")
    check.equal(len(api.automations.query(name="daily")), 0, "automations of another name")
    check.equal(len(automation.get_packages()), 0, "no packages")
    packages = {add(1).id, add(1).id}
    check.equal({package.id for package in automation.get_packages(limit=1).all()}, packages, "packages")


def test_changing_and_archiving_an_automation(api, automation):
    automation.name, automation.description = "daily", "every day"
    automation.save()
    found = api.automations.get(automation.id)
    check.equal((found.name, found.description), ("daily", "every day"), "the new name and description")
    check.is_true(automation.archive().archived, "archived")
    check.equal(len(api.automations.query()), 0, "automations that are not archived")
    check.equal([entry.id for entry in api.automations.query(include_archived=True)], [automation.id], "all")
    check.is_false(automation.restore().archived, "restored")
    check.equal(len(api.automations.query()), 1, "automations after restoring it")


def test_changing_and_archiving_a_package(api, automation, add):
    package = add(1)
    package.memory_limit = 2048
    package.save()
    check.equal(api.automation_packages.get(package.id).memory_limit, 2048, "the new limit")
    check.is_true(package.archive().archived, "archived")
    check.is_true(automation.get_packages()[0].archived, "an archived package is listed")
    check.is_false(package.restore().archived, "restored")


def test_an_empty_package_is_refused(automation, tmp_path, object_store, thread_errors):
    (tmp_path / "empty.zip").touch()
    path = str(tmp_path / "empty.zip")
    check_refused(errors.SbgError, None, lambda: automation.add_package("0", path, SCHEMA), "an empty package")
    check.equal(thread_errors, [], "exceptions of threads")
    check.equal(object_store.finished(), [], "stored packages")
