"""Projects, the caller, the rate limit and refusals."""

import datetime
import os

from sevenbridges import errors

import client


def main():
    api = client.connect()
    projects(api)
    around(api)
    refusals(api)


def projects(api):
    made = api.projects.create(name="RNA & DNA: run_1", description="what it is", tags=["x", "y"])
    client.check((made.name, made.description), ("RNA & DNA: run_1", "what it is"), "new project")
    client.check(made.tags, ["x", "y"], "its tags")
    client.check((made.type, made.created_by), ("v2", "admin"), "type and owner")
    twin = api.projects.create(name="RNA & DNA: run_1")
    client.check(twin.id != made.id, True, "a second project of the same name has another id")
    client.check(api.projects.get(made.id).id, made.id, "get")
    client.check(sorted(p.id for p in api.projects.query(name="dna")), sorted([made.id, twin.id]), "query by name")
    client.check([p.id for p in api.projects.query(tags=["x", "y"])], [made.id], "query by tags")
    client.check(api.projects.query(owner="admin").total, 3, "projects of one owner")
    client.check(len(list(api.projects.query(limit=1).all())), 3, "projects, a page each")
    made.name = "another name"
    made.tags = ["z"]
    made.save()
    fresh = api.projects.get(made.id)
    client.check((fresh.name, fresh.tags, fresh.description), ("another name", ["z"], "what it is"), "after save")
    client.check(fresh.get_files().total, 0, "files of a new project")
    files(api, made)
    made.delete()
    client.check_refused(errors.NotFound, 3002, lambda: api.projects.get(made.id), "a deleted project")
    client.check([p.id for p in api.projects.query(name="another name")], [], "query for a deleted project")


def files(api, project):
    with client.folder() as folder:
        path = os.path.join(folder, "file.txt")
        client.write_random(path, 10, seed=7)
        file = client.upload(api, path, project=project)
        client.check(file.project, project.id, "project of a file")
        client.check([entry.id for entry in project.get_files()], [file.id], "get_files")
        client.check(len(api.files.query(project=client.PROJECT)), 0, "files of the other project")


def around(api):
    client.check(api.users.me().username, "admin", "me")
    client.check(api.users.get("admin").username, "admin", "the user by name")
    client.check(type(api.limit), int, "type of the limit")
    client.check(0 < api.remaining <= api.limit, True, "calls that remain")
    client.check(api.reset_time > datetime.datetime.now(), True, "reset time in the future")
    client.check(len(api.request_id), 36, "request id")
    client.check(api.endpoints.get().files_url, os.environ["SB_API_ENDPOINT"] + "/files", "index")
    bearer = client.connect(token=None, oauth_token=os.environ["SB_AUTH_TOKEN"])
    client.check(bearer.users.me().username, "admin", "with Authorization: Bearer")
    client.check(client.connect(advance_access=True).users.me().username, "admin", "with advance access")


def refusals(api):
    stranger = client.connect(token="0" * 32)
    client.check_refused(errors.Unauthorized, 90001, stranger.users.me, "a wrong token")
    client.check_refused(errors.NotFound, 5002, lambda: api.files.get("0" * 24), "an unknown file")
    client.check_refused(errors.NotFound, 3002, lambda: api.projects.get("admin/nothing"), "an unknown project")
    client.check_refused(errors.NotFound, 2002, lambda: api.users.get("nobody"), "an unknown user")
    client.check_refused(errors.BadRequest, 5005, lambda: api.files.query(project="nothing"), "a bad project id")
    client.check_refused(errors.BadRequest, 3007, lambda: api.projects.create(name=" "), "a blank name")
    client.check_refused(errors.NotFound, 90003, lambda: api.get("/no/such/call"), "an unknown call")
    client.check_refused(errors.MethodNotAllowed, 90006, lambda: api.delete("/user"), "an unknown method")
    client.check_refused(errors.NotFound, 8003, lambda: api.get("/upload/multipart/x"), "an unknown upload")
    client.check(api.users.me().username, "admin", "a good call after all refusals")


if __name__ == "__main__":
    main()
