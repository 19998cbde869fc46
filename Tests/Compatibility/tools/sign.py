"""Signs requests with botocore, and prints all intermediate values.

Reads JSON from standard input: a list of requests with the fields of `Case` in SigV4Tests.swift. Writes a list of
objects with `canonical`, `toSign`, `signature`, and `authorization` or `query`.
"""

import datetime
import json
import sys
from urllib.parse import quote, urlsplit

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials


def recording(base):
    """Returns a signer class that records intermediate values."""

    class Recording(base):
        def canonical_request(self, request):
            self.canonical = super().canonical_request(request)
            return self.canonical

        def string_to_sign(self, request, canonical_request):
            self.to_sign = super().string_to_sign(request, canonical_request)
            return self.to_sign

        def signature(self, string_to_sign, request):
            self.result = super().signature(string_to_sign, request)
            return self.result

    return Recording


def encoded(pairs):
    return "&".join(f"{quote(p['name'], safe='-_.~')}={quote(p['value'], safe='-_.~')}" for p in pairs)


def sign(case):
    moment = datetime.datetime.fromtimestamp(case["time"], datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda: moment
    credentials = Credentials(case["accessKey"], case["secretKey"], case.get("sessionToken"))
    url = f"https://{case['host']}{quote(case['path'], safe='/-_.~')}"
    if case["query"]:
        url += "?" + encoded(case["query"])
    request = AWSRequest(method=case["method"], url=url)
    if case.get("lifetime") is not None:
        auth = recording(botocore.auth.S3SigV4QueryAuth)(
            credentials, "s3", case["region"], expires=case["lifetime"]
        )
    else:
        auth = recording(botocore.auth.S3SigV4Auth)(credentials, "s3", case["region"])
        request.data = case["body"].encode()
        for header in case["headers"]:
            request.headers.add_header(header["name"], header["value"])
    request.context["payload_signing_enabled"] = True
    auth.add_auth(request)
    stages = {"canonical": auth.canonical, "toSign": auth.to_sign, "signature": auth.result}
    if case.get("lifetime") is not None:
        stages["query"] = sorted(urlsplit(request.url).query.split("&"))
    else:
        stages["authorization"] = request.headers["Authorization"]
    return stages


json.dump([sign(case) for case in json.load(sys.stdin)], sys.stdout)
