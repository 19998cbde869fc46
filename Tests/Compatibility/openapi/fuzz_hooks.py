"""Hooks of schemathesis: what the fuzzer may not do to the machine it runs on, and what it cannot know."""

import os

import schemathesis

from support import api_document

document = api_document.Document(api_document.load())
FIELDS = ("_all", "!name", "id,name", "name,metadata.sample_id", None)


# Archives are sent as they are generated, like other bytes.
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
    """Sends no events to other machines: the server refuses its own address."""
    if "/webhooks" in case.path and isinstance(case.body, dict) and str(case.body.get("url")).lower().startswith("http"):
        case.body["url"] = "http://127.0.0.1/"


def keep_token(path):
    """Keeps the fuzzer's own token, whose id it finds in lists."""
    if path["token_id"] == os.environ["FUZZER_TOKEN_ID"]:
        path["token_id"] = "0" * 12


def limit_declared_size(body):
    """Shrinks large sizes, because the server reserves disk space for a declared size. Sizes that it refuses stay."""
    if isinstance(body, dict) and isinstance(body.get("size"), int) and (1 << 20) < body["size"] <= (5 << 40):
        body["size"] %= 1 << 20


def name_one_place(query):
    """Drops one of two parameters that exclude each other; most cases would otherwise end at that refusal."""
    if query and "project" in query and "parent" in query:
        del query["parent" if "fields" in query else "project"]


def name_fields(query):
    """Names existing fields: an answer with none of them would leave little to check."""
    if query and isinstance(query.get("fields"), str):
        chosen = FIELDS[len(query["fields"]) % len(FIELDS)]
        query["fields"] = query["fields"] if chosen is None else chosen


@schemathesis.check
def whole_answers(context, response, case):
    """Without `fields` an answer has everything, although the document lets `fields` leave out anything."""
    answer = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "anyOf" in schema and (case.query or {}).get("fields") in (None, "_all"):
        problems = document.problems(response.json(), schema["anyOf"][0])
        assert not problems, problems
