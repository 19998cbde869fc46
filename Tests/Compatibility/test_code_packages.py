"""Adds code packages to an automation.

Arguments: the size of a part.
"""

import os
import sys

from sevenbridges import errors

import client
import stored

SCHEMA = {"inputs": [{"id": "project", "type": "string"}], "outputs": []}


def main():
    part_size = int(sys.argv[1])
    api = client.connect()
    automation = api.automations.create("nightly", description="every night")
    found = api.automations.get(automation.id)
    client.check((found.name, found.description), ("nightly", "every night"), "name and description")
    client.check((found.owner, found.created_by, found.archived), ("admin", "admin", False), "owner")
    with client.folder() as local:
        packages = [add(automation, local, size, part_size) for size in (1, part_size, 5 * part_size + 3)]
        again = add(automation, local, 1, part_size, python="3.8")
        empty = os.path.join(local, "empty.zip")
        client.write_random(empty, 0, seed=1)
        failures = client.errors_of_threads()
        client.check_refused(
            errors.SbgError, None, lambda: automation.add_package("0", empty, SCHEMA), "an empty package"
        )
        client.check(failures, [], "errors of threads")
    client.check(len(stored.finished()), 4, "stored packages")
    locations = {package.location for package in [*packages, again]}
    client.check(len(locations), 4, "each upload is another file, whatever its name")
    client.check(again.python, "3.8", "python")
    client.check([file.name for file in api.files.query(project=client.PROJECT)], [], "files of the project")
    client.check_refused(errors.NotFound, 5002, lambda: api.files.get(again.location), "a package as a file")
    client.check_refused(errors.NotFound, 90003, lambda: api.automations.get("nope"), "an unknown automation")
    client.check_refused(errors.NotFound, 90003, lambda: automation.get_package("nope"), "an unknown package")


def add(automation, local, size, part_size, **options):
    path = os.path.join(local, f"code {size}.zip")
    client.write_random(path, size, seed=size)
    package = automation.add_package(f"1.{size}", path, SCHEMA, part_size=part_size, **options)
    client.check(package.automation, automation.id, "automation")
    client.check((package.version, package.created_by, package.archived), (f"1.{size}", "admin", False), "package")
    found = automation.get_package(package.id)
    client.check((found.id, found.version, found.location), (package.id, package.version, package.location), "found")
    client.check(found.schema, SCHEMA, "schema")
    return package


if __name__ == "__main__":
    main()
