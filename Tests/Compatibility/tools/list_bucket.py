"""Prints the keys of all objects and unfinished multipart uploads below a server's prefix of a bucket, as JSON.

TEST_OBJECTS is the server's `s3://` URL. The AWS_ variables contain the bucket's access key.
"""

import json
import os

from support.object_store import Bucket

bucket = Bucket(os.environ["TEST_OBJECTS"], os.environ)
print(json.dumps({"objects": bucket.objects(), "uploads": bucket.unfinished()}))
