"""Prints the keys of all objects and of all unfinished multipart uploads in a server's part of a bucket, as JSON.

TEST_OBJECTS is the server's `s3://` URL; the AWS_ variables hold the keys of the bucket.
"""

import json
import os

from support.object_store import Bucket

bucket = Bucket(os.environ["TEST_OBJECTS"], os.environ)
print(json.dumps({"objects": bucket.objects(), "uploads": bucket.unfinished()}))
