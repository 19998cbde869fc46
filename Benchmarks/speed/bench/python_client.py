"""Uploads files with the official Python client, AT_ONCE in parallel, and prints the seconds.

python_client.py ENDPOINT TOKEN PROJECT AT_ONCE FOLDER NAME…
"""

import concurrent.futures
import sys
import time

import sevenbridges
from sevenbridges.models.enums import TransferState


def main() -> None:
    endpoint, token, project, at_once, folder, *names = sys.argv[1:]
    width = int(at_once)
    api = sevenbridges.Api(url=endpoint, token=token, debug=True, upload_max_workers=width)

    def upload(name: str) -> str:
        return str(api.files.upload(f"{folder}/{name}", project=project).status)

    began = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(width) as pool:
        states = list(pool.map(upload, names))
    seconds = time.perf_counter() - began
    # Exceptions in the client's threads are not raised here.
    failed = [name for name, state in zip(names, states) if state != TransferState.COMPLETED]
    if failed:
        sys.exit(f"not uploaded: {failed[:10]}")
    print(seconds)


main()
