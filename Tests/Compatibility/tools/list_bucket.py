"""Prints, as JSON, the keys of all objects and of all unfinished multipart uploads that the server's bucket holds."""

import json
import os

import stored


def main():
    store, bucket, prefix = stored.bucket_of(os.environ["TEST_OBJECTS"])
    keys = {}
    for kind, call, field in [
        ("objects", "list_objects_v2", "Contents"), ("uploads", "list_multipart_uploads", "Uploads"),
    ]:
        pages = store.get_paginator(call).paginate(Bucket=bucket, Prefix=prefix)
        keys[kind] = sorted(entry["Key"].removeprefix(prefix) for page in pages for entry in page.get(field, []))
    print(json.dumps(keys))


if __name__ == "__main__":
    main()
