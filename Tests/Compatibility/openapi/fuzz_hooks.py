"""What the fuzzer may not do to the machine it runs on, and what it cannot know."""

import schemathesis

import api_document

document = api_document.Document(api_document.load())
FIELDS = ("_all", "!name", "id,name", "name,metadata.sample_id", None)


@schemathesis.hook
def before_call(context, case, kwargs):
    spare_the_disk(case.body)
    if case.operation.definition.raw.get("operationId") in ("listFiles", "scrollFiles"):
        name_one_place(case.query)
    name_fields(case.query)


def spare_the_disk(body):
    """A declared size is room taken on the disk at once: large ones are made small, those that are refused stay."""
    if isinstance(body, dict) and isinstance(body.get("size"), int) and (1 << 20) < body["size"] <= (5 << 40):
        body["size"] %= 1 << 20


def name_one_place(query):
    """Only one of two parameters may be given; with both, most cases would end there."""
    if query and "project" in query and "parent" in query:
        del query["parent" if "fields" in query else "project"]


def name_fields(query):
    """Of an answer to a `fields` that names none little is left to check."""
    if query and isinstance(query.get("fields"), str):
        chosen = FIELDS[len(query["fields"]) % len(FIELDS)]
        query["fields"] = query["fields"] if chosen is None else chosen


@schemathesis.check
def whole_answers(context, response, case):
    """The document lets `fields` leave out anything; without it an answer has everything."""
    answer = case.operation.definition.raw["responses"].get(str(response.status_code), {})
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    if "anyOf" in schema and (case.query or {}).get("fields") in (None, "_all"):
        problems = document.problems(response.json(), schema["anyOf"][0])
        assert not problems, problems
