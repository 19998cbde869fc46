"""schemathesis hooks, which protect the test machine and supply values that the fuzzer cannot guess."""

import os

import schemathesis

from support import api_document

document = api_document.Document(api_document.load())
FIELDS = ("_all", "!name", "id,name", "name,metadata.sample_id", None)


# Archives are sent as generated, like other binary bodies.
schemathesis.serializer.alias("application/x-tar", "application/octet-stream")


@schemathesis.hook
def before_call(context, case, kwargs):
    limit_declared_size(case.body)
    keep_receiver(case)
    if case.operation.definition.raw.get("operationId") in ("listFiles", "scrollFiles", "storeFile", "storeArchive"):
        name_one_place(case.query)
    if case.operation.definition.raw.get("operationId") == "revokeToken":
        keep_token(case.path_parameters)
    name_fields(case.query)


def keep_receiver(case):
    """Replaces the URL of a webhook by one that the server refuses, so that no events reach other machines."""
    if "/webhooks" in case.path and isinstance(case.body, dict) and str(case.body.get("url")).lower().startswith("http"):
        case.body["url"] = "http://127.0.0.1/"


def keep_token(path):
    """Prevents the fuzzer from revoking its own token, whose id it finds in lists."""
    if path["token_id"] == os.environ["FUZZER_TOKEN_ID"]:
        path["token_id"] = "0" * 12


def limit_declared_size(body):
    """Reduces large declared sizes, because the server reserves disk space for them. Keeps sizes that it refuses."""
    if isinstance(body, dict) and isinstance(body.get("size"), int) and (1 << 20) < body["size"] <= (5 << 40):
        body["size"] %= 1 << 20


def name_one_place(query):
    """Removes one of two mutually exclusive parameters, because most cases would otherwise only test their refusal."""
    if query and "project" in query and "parent" in query:
        del query["parent" if "fields" in query else "project"]


def name_fields(query):
    """Selects existing fields in most cases, because a response without any fields leaves little to check."""
    if query and isinstance(query.get("fields"), str):
        chosen = FIELDS[len(query["fields"]) % len(FIELDS)]
        query["fields"] = query["fields"] if chosen is None else chosen


@schemathesis.check
def whole_answers(context, response, case):
    """Checks that a response without `fields` is complete. The document also allows incomplete ones, for `fields`."""
    answer = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "anyOf" in schema and (case.query or {}).get("fields") in (None, "_all"):
        problems = document.problems(response.json(), schema["anyOf"][0])
        assert not problems, problems
