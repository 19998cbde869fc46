"""The document is valid OpenAPI 3.1, says nothing that nobody uses, and its examples fit their schemas."""

import sys

from openapi_spec_validator import OpenAPIV31SpecValidator

import api_document

document = api_document.Document(api_document.load())
problems = [error.message for error in OpenAPIV31SpecValidator(document.document).iter_errors()]


def check_examples(where, holder):
    examples = [document.follow(entry)["value"] for entry in holder.get("examples", {}).values()]
    if "example" in holder:
        examples.append(holder["example"])
    for example in examples:
        problems.extend(f"{where}: {problem}" for problem in document.problems(example, holder["schema"]))
    return len(examples)


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for entry in value.values():
            yield from references(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from references(entry)


def is_without_example(name, media):
    return name == "application/json" and not ("example" in media or "examples" in media)


for method, path, operation in document.operations():
    where = f"{method} {path}"
    for parameter in operation.get("parameters", []):
        check_examples(where, document.follow(parameter))
    for name, media in operation.get("requestBody", {}).get("content", {}).items():
        if is_without_example(name, media):
            problems.append(f"{where}: the body has no example")
        check_examples(f"{where} body", media)
    for status, response in operation["responses"].items():
        for name, media in document.follow(response).get("content", {}).items():
            if status < "300" and is_without_example(name, media):
                problems.append(f"{where}: {status} has no example")
            check_examples(f"{where} {status}", media)

used = set(references(document.document))
for kind, entries in document.document["components"].items():
    for name in entries:
        if kind != "securitySchemes" and f"#/components/{kind}/{name}" not in used:
            problems.append(f"nobody uses {kind}/{name}")

sys.exit("\n".join(problems) or None)
