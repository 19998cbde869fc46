"""A part that the server refuses: the client does not look at the status of a PUT, so the server must hold it back.

Usage: failed_part.py PART_SIZE
"""

import os
import sys

import requests

import client


def main():
    part_size = int(sys.argv[1])
    with client.folder() as folder:
        path = os.path.join(folder, "a file.bin")
        sent = client.write_random(path, 3 * part_size, seed=4)
        without_callback(path, part_size)
        for number in [1, 2, 3]:
            with_callback(path, part_size, number, sent)


def garble(transfer, number):
    """Makes the client send one of its parts to an address whose signature is wrong."""
    put = transfer.session.put

    def garbled(url, **options):
        # In a path of ours, or a parameter of S3's.
        wrong = f"/{number}?" in url or f"partNumber={number}&" in url
        other_digit = "1" if url.endswith("0") else "0"
        return put(url[:-1] + other_digit if wrong else url, **options)

    transfer.session.put = garbled


def run(api, path, part_size, number, callback):
    transfer = api.files.upload(path, project=client.PROJECT, part_size=part_size, wait=False)
    if callback:
        transfer.add_callback(errorback=callback)
    garble(transfer, number)
    transfer.start()
    transfer.wait()
    api.upload_pool.shutdown(wait=True)
    client.check(transfer.status, "FAILED", f"status when part {number} fails")
    client.check(transfer.result(), None, f"result when part {number} fails")
    client.check(len(api.files.query(project=client.PROJECT)), 0, f"files when part {number} failed")
    return transfer


def without_callback(path, part_size):
    """The client gives up at the refused report."""
    api = client.connect()
    raised = client.errors_of_threads()
    run(api, path, part_size, 2, callback=None)
    client.check(api.refusals, [("POST", 400, 8014)], "refusals without a callback")
    client.check(["part number 2" in str(error) for error in raised], [True], f"the error names the part: {raised}")


def with_callback(path, part_size, number, sent):
    """The client completes all the same, while other parts may be under way."""
    api = client.connect()
    client.errors_of_threads()
    statuses = []
    transfer = run(api, path, part_size, number, statuses.append)
    client.check(statuses, ["FAILED"], "what the callback was told")
    client.check(api.refusals.count(("POST", 409, 8007)), 1, f"refused completes among {api.refusals}")
    client.check(("POST", 400, 8014) in api.refusals, True, f"a refused report among {api.refusals}")
    # 8008: reported while complete was looking.
    others = set(api.refusals) - {("POST", 409, 8007), ("POST", 400, 8014), ("POST", 409, 8008)}
    client.check(others, set(), "other refusals")
    mend(api, transfer._upload_id, path, part_size)
    file = api.files.query(project=client.PROJECT)[0]
    client.check(client.download(file, path + ".back"), sent, "content after the part was sent again")
    file.delete()


def mend(api, upload, path, part_size):
    """The refused upload is still usable: what it lacks is sent, and it is whole."""
    details = api.get(f"/upload/multipart/{upload}", params={"list_parts": True}).json()
    missing = {1, 2, 3} - {part["part_number"] for part in details["parts"]}
    for number in missing:
        with open(path, "rb") as file:
            file.seek((number - 1) * part_size)
            part = file.read(part_size)
        url = api.get(f"/upload/multipart/{upload}/part/{number}").json()["url"]
        tag = requests.put(url, data=part, timeout=60).headers["ETag"]
        report = {"part_number": number, "response": {"headers": {"ETag": tag}}}
        api.post(f"/upload/multipart/{upload}/part", data=report)
    client.check(api.post(f"/upload/multipart/{upload}/complete").status_code, 201, "status of complete")


if __name__ == "__main__":
    main()
