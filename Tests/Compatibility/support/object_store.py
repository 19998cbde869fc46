"""Direct access to a server's object store."""

import hashlib
import pathlib
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import botocore.config
import botocore.session

MEBIBYTE = 1 << 20


class ObjectStore(Protocol):
    """The data that a server stores for uploads and files."""

    def unfinished(self) -> list[str]:
        """Names of the data of unfinished uploads."""

    def finished(self) -> list[str]:
        """SHA-256 of every finished object."""


class DiskStore:
    """A disk store's folder."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder

    def unfinished(self) -> list[str]:
        return [path.name for path in (self.folder / "uploads").iterdir()]

    def finished(self) -> list[str]:
        return [_sha256(path.open("rb")) for path in (self.folder / "files").rglob("*") if path.is_file()]


class Bucket:
    """The prefix of a bucket that one server uses."""

    def __init__(self, url: str, keys: Mapping[str, str]) -> None:
        """Takes the server's `s3://` URL, and the environment variables with the bucket's access key."""
        parts = urllib.parse.urlsplit(url)
        self.name, self.prefix = parts.netloc, parts.path.strip("/") + "/"
        self.client = botocore.session.get_session().create_client(
            "s3",
            endpoint_url=urllib.parse.parse_qs(parts.query)["endpoint"][0],
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
            region_name="us-east-1",
            config=botocore.config.Config(s3={"addressing_style": "path"}, signature_version="s3v4"),
        )

    def unfinished(self) -> list[str]:
        return sorted(self._keys("list_multipart_uploads", "Uploads"))

    def finished(self) -> list[str]:
        keys = [self.prefix + key for key in self.objects()]
        return [_sha256(self.client.get_object(Bucket=self.name, Key=key)["Body"]) for key in keys]

    def objects(self) -> list[str]:
        """Keys of all finished objects, without the prefix."""
        return sorted(self._keys("list_objects_v2", "Contents"))

    def _keys(self, call: str, field: str) -> Iterator[str]:
        for page in self.client.get_paginator(call).paginate(Bucket=self.name, Prefix=self.prefix):
            for entry in page.get(field, []):
                yield entry["Key"].removeprefix(self.prefix)


def _sha256(body: Any) -> str:
    with body:
        digest = hashlib.sha256()
        while block := body.read(MEBIBYTE):
            digest.update(block)
        return digest.hexdigest()
