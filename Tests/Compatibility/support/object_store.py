"""Looks into the object store of the server under test, past the server.

TEST_OBJECTS is the folder of a disk store, or the server's own `s3://…`, with the keys in AWS_….
"""

import hashlib
import os
from urllib.parse import parse_qs, urlsplit

import botocore.config
import botocore.session

MEBIBYTE = 1 << 20


def unfinished():
    """Names of what unfinished uploads hold."""
    folder = _folder()
    if folder:
        return os.listdir(os.path.join(folder, "uploads"))
    store, bucket, prefix = bucket_of(os.environ["TEST_OBJECTS"])
    pages = store.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    return [upload["Key"] for page in pages for upload in page.get("Uploads", [])]


def finished():
    """SHA-256 of every finished object."""
    folder = _folder()
    if folder:
        places = [os.path.join(at, name) for at, _, names in os.walk(os.path.join(folder, "files")) for name in names]
        return [_sha256(open(place, "rb")) for place in places]
    store, bucket, prefix = bucket_of(os.environ["TEST_OBJECTS"])
    pages = store.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
    return [_sha256(store.get_object(Bucket=bucket, Key=key)["Body"]) for key in keys]


def bucket_of(url):
    """A client of an S3 store, the bucket, and the prefix of all names."""
    parts = urlsplit(url)
    store = botocore.session.get_session().create_client(
        "s3",
        endpoint_url=parse_qs(parts.query)["endpoint"][0],
        region_name="us-east-1",
        config=botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
    )
    return store, parts.netloc, parts.path.strip("/") + "/"


def _folder():
    place = os.environ["TEST_OBJECTS"]
    return None if place.startswith("s3://") else place


def _sha256(body):
    with body:
        digest = hashlib.sha256()
        while block := body.read(MEBIBYTE):
            digest.update(block)
        return digest.hexdigest()
