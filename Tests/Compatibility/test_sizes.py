"""Sends files of the given lengths and brings them back in every way the client has.

Usage: sizes.py PART_SIZE LENGTH...      PART_SIZE 0 leaves the choice to client and server
"""

import os
import sys

import client


def main():
    api = client.connect()
    part_size = int(sys.argv[1]) or None
    for length in map(int, sys.argv[2:]):
        with client.folder() as folder:
            path = os.path.join(folder, f"{length} bytes.bin")
            sent = client.write_random(path, length, seed=length)
            round_trip(api, path, length, part_size, sent)


def round_trip(api, path, length, part_size, sent):
    name = os.path.basename(path)
    made = client.upload(api, path, project=client.PROJECT, part_size=part_size)
    found = api.files.query(project=client.PROJECT, names=[name])
    client.check([file.id for file in found], [made.id], f"query by the name {name}")
    file = found[0]
    client.check((file.name, file.size, file.type), (name, length, "file"), "name, size and type")
    client.check(file.project, client.PROJECT, "project")
    client.check(made.size, length, "size in the answer of complete")
    client.check(client.sha256(file.stream()), sent, f"SHA-256 of {length} streamed bytes")
    client.check(client.download(file, path + ".back"), sent, f"SHA-256 of {length} downloaded bytes")
    client.check(client.download(made, path + ".made"), sent, "SHA-256 by the object that complete answered with")
    client.check(api.refusals, [], "refused calls")


if __name__ == "__main__":
    main()
