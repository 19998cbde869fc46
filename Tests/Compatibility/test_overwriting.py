"""Names that are taken: refused without `overwrite`, replaced with it."""

import os

from sevenbridges import errors

import client
import stored


def main():
    api = client.connect()
    with client.folder() as folder:
        first, second = os.path.join(folder, "1"), os.path.join(folder, "2")
        old = client.write_random(first, 300_000, seed=1)
        new = client.write_random(second, 200_000, seed=2)
        file = client.upload(api, first, project=client.PROJECT, file_name="taken")
        client.check(stored.finished(), [old], "stored files after the first upload")
        refused(api, second)
        client.check(client.download(api.files.get(file.id), first + ".back"), old, "the old file after a refusal")
        replaced(api, second, file.id, new)
        client.check(stored.finished(), [new], "stored files after overwriting")


def refused(api, path):
    raised = client.errors_of_threads()
    transfer = api.files.upload(path, project=client.PROJECT, file_name="taken")
    client.check(transfer.status, "FAILED", "status without overwrite")
    client.check(transfer.result(), None, "result without overwrite")
    client.check(api.refusals, [("POST", 409, 8005)], "refusal without overwrite")
    client.check(["taken" in str(error) for error in raised], [True], f"the message names the file: {raised}")


def replaced(api, path, old_id, new):
    file = client.upload(api, path, project=client.PROJECT, file_name="taken", overwrite=True)
    client.check(file.id != old_id, True, "a new id")
    found = api.files.query(project=client.PROJECT)
    client.check([entry.id for entry in found], [file.id], "listed files")
    client.check(client.download(found[0], path + ".back"), new, "content of the new file")
    client.check_refused(errors.NotFound, 5002, lambda: api.files.get(old_id), "the old file")
    # Overwriting what is not there is no error.
    client.upload(api, path, project=client.PROJECT, file_name="free", overwrite=True).delete()


if __name__ == "__main__":
    main()
