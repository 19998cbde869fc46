"""Uploads a file of more parts than the rate limit allows calls, with the client's own sleeper.

Arguments: the limit as the server has it, the size of a part, the number of parts.
"""

import os
import sys

import sevenbridges
from sevenbridges.http.error_handlers import rate_limit_sleeper

import client


def main():
    limit, part_size, parts = map(int, sys.argv[1:])
    api = client.connect(error_handlers=[rate_limit_sleeper])
    with client.folder() as local:
        path = os.path.join(local, "many.bin")
        sent = client.write_random(path, part_size * parts, seed=1)
        file = client.upload(api, path, project=client.PROJECT, part_size=part_size)
        client.check(client.download(file, path + ".back"), sent, "content")
    refused = [refusal for refusal in api.refusals if refusal[1:] == (429, 1000)]
    if not refused:
        sys.exit("no call was refused: the limit was not reached")
    client.check(len(api.refusals), len(refused), f"refusals of other kinds in {api.refusals}")
    client.check(api.limit, limit, "limit")
    if not 0 <= api.remaining < limit or api.reset_time is None:
        sys.exit(f"remaining {api.remaining}, reset {api.reset_time}")
    # Without the sleeper the same is an exception.
    impatient = client.connect()
    try:
        while True:
            impatient.users.me()
    except sevenbridges.errors.TooManyRequests as refusal:
        client.check(refusal.code, 1000, "code")


if __name__ == "__main__":
    main()
