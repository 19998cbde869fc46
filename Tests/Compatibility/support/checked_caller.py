"""API calls whose responses must match docs/openapi.yaml."""

import re

from pytest_check import check

from . import api_document
from .caller import Caller

# Statuses that a test cannot provoke, and why.
NOT_SEEN = {
    "500": "an internal error is a bug",
    "503": "needs a full disk; DiskFullTests tests it",
}
# Returned while an upload is being completed. The tests of the use cases block the completion to test them.
NOT_SEEN_OF = {
    ("getPartOfUpload", "409"), ("reportPartOfUpload", "409"), ("reportPartsOfUpload", "409"), ("abortUpload", "409"),
    ("getPartOfPackageUpload", "409"), ("reportPartOfPackageUpload", "409"), ("reportPartsOfPackageUpload", "409"),
    ("abortPackageUpload", "409"), ("getPartsOfUpload", "409"), ("getPartsOfPackageUpload", "409"),
    # Need hundreds of links or senders. The contract of the metadata store tests these limits.
    ("createLink", "409"), ("signIn", "409"),
    # Need a hundred unfinished jobs. FileJobErrorTests tests them.
    ("submitCopy", "409"), ("submitMove", "409"), ("submitDelete", "409"),
    # Needs as many tokens as a user may have. test_too_many_tokens tests it.
    ("createToken", "409"),
    # Do not depend on --rate-limit. test_upload_links and test_invalid_tokens test them.
    ("signIn", "429"), ("index", "429"),
}
NOT_SEEN_CODES_OF = {
    # Need two concurrent calls.
    ("completeUpload", 3002), ("completeUpload", 5030), ("completeUpload", 8008), ("completePackageUpload", 8008),
    # Needs S3: on disk, the parts of an upload without a declared size are checked when they arrive. The contract of
    # the metadata store tests it.
    ("completeUpload", 90007),
}


class Recorder:
    """Compares responses with the document, and records which statuses and codes were returned."""

    def __init__(self):
        self.document = api_document.Document(api_document.load())
        self.statuses = set()
        self.codes = set()

    def compare(self, answer, operation, what):
        """Fails the running test for each difference between a response and the document."""
        status = str(answer.status_code)
        self.statuses.add((operation["operationId"], status))
        if status not in operation["responses"]:
            check.fail(f"{what}: {status} is not in the document: {answer.text[:300]}")
            return
        response = self.document.follow(operation["responses"][status])
        for problem in [
            *self._header_problems(answer, response),
            *self._body_problems(answer, response, operation["operationId"]),
        ]:
            check.fail(f"{what}: {status}: {problem}: {answer.text[:300]}")

    def _header_problems(self, answer, response):
        documented = response.get("headers", {})
        for name, header in documented.items():
            header = self.document.follow(header)
            value = answer.headers.get(name)
            if value is None:
                if header.get("required"):
                    yield f"lacks {name}"
                continue
            schema = self.document.follow(header["schema"])
            value = int(value) if schema.get("type") == "integer" and re.fullmatch(r"-?\d+", value) else value
            for problem in self.document.problems(value, schema):
                yield f"{name}: {problem}"
        for name in answer.headers:
            if name.lower().startswith("x-ratelimit") and name not in documented:
                yield f"has {name}"

    def _body_problems(self, answer, response, operation_id):
        content = response.get("content", {})
        kind = answer.headers.get("Content-Type")
        if answer.request.method == "HEAD":
            return
        if not content:
            if answer.status_code != 304 and (answer.content or kind):
                yield "has a body"
            return
        if "*/*" in content:
            return
        if kind not in content:
            yield f"is {kind}"
            return
        if kind != "application/json":
            return
        body, schema = answer.json(), content[kind]["schema"]
        if "anyOf" in schema and "fields=" not in (answer.request.url or ""):
            schema = schema["anyOf"][0]  # the second one describes responses with `fields`
        yield from self.document.problems(body, schema)
        if answer.status_code >= 400:
            self.codes.add((operation_id, str(answer.status_code), body.get("code")))
            if body.get("status", body.get("status_code")) != answer.status_code:
                yield "the body has another status"

    def check_all_seen(self, expected):
        """Fails the running test for each documented status and code that was never returned.

        `expected` receives a status, and returns whether the calls so far should have caused it.
        """
        for method, _, operation in self.document.operations():
            name = operation["operationId"]
            for status, response in operation["responses"].items():
                if not expected(status) or (name, status) in NOT_SEEN_OF or status in NOT_SEEN:
                    continue
                if (name, status) not in self.statuses:
                    check.fail(f"{name}: {status} was never seen")
                elif status >= "400" and method != "head":
                    schema = self.document.follow(response)["content"]["application/json"]["schema"]
                    # DRS errors have no codes.
                    for code in schema.get("properties", {}).get("code", {}).get("enum", []):
                        if (name, status, code) not in self.codes and (name, code) not in NOT_SEEN_CODES_OF:
                            check.fail(f"{name}: {status} with code {code} was never seen")

    def everywhere(self, visit, *, without_token=True):
        """Visits each operation with its path filled in. Skips operations that need no token unless `without_token`."""
        for method, path, operation in self.document.operations():
            if without_token or operation.get("security") is None:
                visit(method, fill(path), operation)


class CheckedCaller(Caller):
    """A caller that compares every response with the document."""

    def __init__(self, endpoint, token, recorder):
        super().__init__(endpoint, token)
        self.recorder = recorder

    def call(self, method, path, body=None, status=None, **options):
        return self.send_to(method, self.endpoint + path, status, **({} if body is None else {"json": body}), **options)

    def send_to(self, method, url, status=None, **options):
        """Sends a request to any URL of the server, not only of the API."""
        answer = self.session.request(method, url, **options)
        path = "/" + url.split("/", 3)[3].split("?")[0]
        _, operation = self.recorder.document.operation(method, path if path == "/v2/" else path.rstrip("/"))
        what = f"{method} {path}"
        self.recorder.compare(answer, operation, what)
        if status is not None:
            check.equal(answer.status_code, status, f"{what}: {answer.text[:300]}")
        return answer

    def refused(self, status, code, method, path, body=None, **options):
        """Checks that a call is refused with this status and platform code."""
        answer = self.call(method, path, body, status, **options)
        check.equal(answer.json().get("code"), code, f"{method} {path}: {answer.text[:300]}")


def fill(path, text="none"):
    """Replaces the variables of a path template: part numbers with 1, all others with `text`."""
    return re.sub(r"\{([^}]*)\}", lambda match: "1" if match[1] == "part_number" else text, path)
