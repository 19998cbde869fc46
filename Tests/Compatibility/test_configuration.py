"""The client configured by its environment, and by the credentials file that the server wrote.

Usage: configuration.py DATA_FOLDER
"""

import os
import shutil
import sys
import tempfile


def main():
    with tempfile.TemporaryDirectory() as home:
        # The client looks up the home folder when it is imported.
        os.environ["HOME"] = home
        os.makedirs(os.path.join(home, ".sevenbridges"))
        written = os.path.join(sys.argv[1], "credentials")
        shutil.copy(written, os.path.join(home, ".sevenbridges", "credentials"))
        check(written)


def check(written):
    import sevenbridges

    import client

    client.check(oct(os.stat(written).st_mode & 0o777), oct(0o600), "mode of the credentials file")
    client.check(sevenbridges.Api().users.me().username, "admin", "Api() by the environment")
    endpoint = os.environ.pop("SB_API_ENDPOINT")
    token = os.environ.pop("SB_AUTH_TOKEN")
    api = sevenbridges.Api()
    client.check((api.url, api.token), (endpoint, token), "address and token in the credentials file")
    client.check(api.users.me().username, "admin", "Api() by the credentials file")
    named = sevenbridges.Api(config=sevenbridges.Config(profile="default"))
    client.check(named.users.me().username, "admin", "the profile by its name")


if __name__ == "__main__":
    main()
