"""The programs with which Pontoon is compared, and the baseline."""

import http.client
import pathlib

import botocore.config
import botocore.session

import engines
import shared.nginx
from shared.processes import Observed, Program, free_port, listens

from .sender import Ready, Request, Sender

BUCKET = "uploads"
KEY, SECRET = "benchkey", "benchsecret"


class Sink(Program):
    """The baseline `../c/sink.c`, which only receives and writes."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path, *flags: str) -> None:
        """`flags` may contain `preallocate` and `sync`."""
        data = folder / "data"
        data.mkdir(parents=True)
        self.port = free_port()
        super().__init__([binary, str(self.port), data, *flags], folder / "sink.log")
        self.wait(lambda: listens(self.port))

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        """Returns a measurement that sends `count` files concurrently."""
        return _put(sender, self.port, count, size)


class Nginx(shared.nginx.Nginx):
    """nginx as a receiver of files."""

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        """Returns a measurement that sends `count` files concurrently."""
        return _put(sender, self.port, count, size)


class SeaweedFS(engines.SeaweedFS, Observed):
    """SeaweedFS in one process, with an S3 gateway and a bucket."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True)
        super().__init__(binary, folder / "data", bucket=BUCKET, key=KEY, secret=SECRET)
        self.client = botocore.session.get_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=botocore.config.Config(
                signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}
            ),
        )

    def put(self, sender: Sender, count: int, size: int) -> Ready:
        """Returns a measurement that sends `count` objects of one part each to presigned URLs, concurrently.

        The uploads are never completed; they are deleted with the folder.
        """
        requests = []
        for number in range(count):
            place = {"Bucket": BUCKET, "Key": f"file-{size}-{number}"}
            upload = self.client.create_multipart_upload(**place)["UploadId"]
            part = place | {"UploadId": upload, "PartNumber": 1}
            url = self.client.generate_presigned_url("upload_part", Params=part, ExpiresIn=3600)
            requests.append(Request("PUT", url, f"random:{size}"))
        return lambda: sender.run(requests, count)


class Constant(Program):
    """`../constant`, which measures the framework alone."""

    def __init__(self, binary: pathlib.Path, folder: pathlib.Path) -> None:
        folder.mkdir(parents=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/constant"
        super().__init__([binary, str(self.port)], folder / "constant.log")
        self.wait(self._answers)

    def _answers(self) -> bool:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.port)
            connection.request("GET", "/constant")
            return connection.getresponse().read() == b"constant"
        except OSError:
            return False
        finally:
            connection.close()


def _put(sender: Sender, port: int, count: int, size: int) -> Ready:
    origin = f"http://127.0.0.1:{port}"
    requests = [Request("PUT", f"{origin}/file-{size}-{number}", f"random:{size}") for number in range(count)]
    return lambda: sender.run(requests, count)
