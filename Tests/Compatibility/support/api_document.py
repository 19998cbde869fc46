"""docs/openapi.yaml: its operations, its schemas with their references, and the validation of values against them."""

import pathlib
import re

import jsonschema
import yaml
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

PATH = pathlib.Path(__file__).parents[3] / "docs/openapi.yaml"
METHODS = ("get", "put", "post", "patch", "delete", "head")
TEMPLATE = re.compile(r"\{[^}]*\}")


def load():
    return yaml.safe_load(PATH.read_text(encoding="utf-8"))


class Document:
    def __init__(self, document):
        self.document = document
        resource = Resource(contents=document, specification=DRAFT202012)
        self._registry = Registry().with_resource("urn:api", resource)
        self._paths = sorted(
            ((re.compile(TEMPLATE.sub("[^/]+", path) + "$"), path) for path in document["paths"]),
            key=lambda entry: len(TEMPLATE.findall(entry[1])),
        )

    def follow(self, value):
        """Resolves references; returns any other value unchanged."""
        while "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step.replace("~1", "/").replace("~0", "~")]
            value = found
        return value

    def operations(self):
        """Yields (method, path, operation)."""
        for path, item in self.document["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method]

    def operation(self, method, path):
        """Returns the template that matches a path, with the fewest variables, and its operation."""
        for pattern, template in self._paths:
            if pattern.match(path) and method.lower() in self.document["paths"][template]:
                return template, self.document["paths"][template][method.lower()]
        raise LookupError(f"{method} {path} is not in the document")

    def problems(self, value, schema):
        """Returns why a value does not match a schema of the document; empty if it does."""
        if isinstance(schema, dict) and "$ref" in schema:
            schema = schema | {"$ref": "urn:api" + schema["$ref"]}
        elif isinstance(schema, dict):
            schema = {"$id": "urn:part", "allOf": [self._absolute(schema)]}
        validator = jsonschema.Draft202012Validator(
            schema, registry=self._registry, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
        )
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]

    def _absolute(self, value):
        if isinstance(value, dict):
            return {
                key: "urn:api" + entry if key == "$ref" and isinstance(entry, str) else self._absolute(entry)
                for key, entry in value.items()
            }
        return [self._absolute(entry) for entry in value] if isinstance(value, list) else value
