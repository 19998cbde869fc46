"""docs/openapi.yaml is valid OpenAPI 3.1, contains nothing unused, and its examples match their schemas."""

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pytest_check import check

from support import api_document


@pytest.fixture(scope="module")
def document():
    return api_document.Document(api_document.load())


def references(value):
    """Yields all references in a value, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for entry in value.values():
            yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def holders(document):
    """Yields (place, holder) for all parameters, request bodies and responses, which may have examples."""
    for method, path, operation in document.operations():
        for parameter in operation.get("parameters", []):
            yield f"{method} {path}", document.follow(parameter)
        for media in operation.get("requestBody", {}).get("content", {}).values():
            yield f"{method} {path} body", media
        for status, response in operation["responses"].items():
            for media in document.follow(response).get("content", {}).values():
                yield f"{method} {path} {status}", media


def test_it_is_valid(document):
    problems = [error.message for error in OpenAPIV31SpecValidator(document.document).iter_errors()]
    assert problems == []


def test_examples_match_their_schemas(document):
    examined = 0
    for place, holder in holders(document):
        examples = [document.follow(entry)["value"] for entry in holder.get("examples", {}).values()]
        if "example" in holder:
            examples.append(holder["example"])
        for example in examples:
            examined += 1
            check.equal(document.problems(example, holder["schema"]), [], place)
    assert examined > 0


def test_bodies_and_successful_answers_have_examples(document):
    def lacks_example(name, media):
        return name == "application/json" and not ("example" in media or "examples" in media)

    for method, path, operation in document.operations():
        for name, media in operation.get("requestBody", {}).get("content", {}).items():
            check.is_false(lacks_example(name, media), f"{method} {path}: the body has no example")
        for status, response in operation["responses"].items():
            for name, media in document.follow(response).get("content", {}).items():
                if status < "300":
                    check.is_false(lacks_example(name, media), f"{method} {path}: {status} has no example")


def test_every_component_is_used(document):
    used = set(references(document.document))
    for kind, entries in document.document["components"].items():
        for name in entries:
            if kind != "securitySchemes":
                check.is_in(f"#/components/{kind}/{name}", used, "unused component")
