"""Prepares a fuzzing run: fills the server, and writes a copy of the document that knows what is on it.

    fuzz_world.py COPY TOKEN_OF_ROSALIND

The copy offers real ids beside those that it allows anyway, so that the fuzzer gets past 404. What calls destroy is made
for them alone: the rest of the world is there to the end.
"""

import copy
import os
import sys

import yaml

import api_document
import golden_world

document = api_document.load()
schemas, parameters = document["components"]["schemas"], document["components"]["parameters"]
admin = golden_world.Caller(os.environ["SB_AUTH_TOKEN"])


def or_one_of(schema, values):
    return {"anyOf": [{"enum": list(values)}, copy.deepcopy(schema)]}


def offer(name, values):
    schemas[name] = or_one_of(schemas[name], values)


def instead(method, path, name, schema):
    """Gives a call a parameter of its own in place of the shared one."""
    operation = document["paths"][path][method]
    operation["parameters"] = [
        copy.deepcopy(parameter) | {"schema": schema, "example": schema["anyOf"][0]["enum"][0]}
        if (parameter := api_document.Document(document).follow(entry))["name"] == name
        else entry
        for entry in operation["parameters"]
    ]


def example(name, value):
    parameters[name]["example"] = value


def body_example(schema, field, value):
    for _, _, operation in api_document.Document(document).operations():
        media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        if media.get("schema") == {"$ref": f"#/components/schemas/{schema}"}:
            media["example"][field] = value


def files():
    folder = admin.folder("folder")
    listed = [admin.upload(f"file-{number}.bin", b"x" * number) for number in range(3)]
    doomed = [admin.upload(f"doomed-{number}.bin", b"x") for number in range(30)] + [admin.folder("doomed")]
    pattern = schemas["FileID"]
    offer("FileID", listed)
    example("fileID", listed[1])
    for name in ("list", "scroll"):
        instead("get", f"/v2/files/{{file_id}}/{name}", "file_id", or_one_of(pattern, [folder]))
    instead("delete", "/v2/files/{file_id}", "file_id", or_one_of(pattern, doomed[15:]))
    for name in ("NewFolder", "CopyRequest", "MoveRequest", "NewUpload"):
        schemas[name]["properties"]["parent"] = or_one_of(schemas[name]["properties"]["parent"], [folder])
    body_example("MoveRequest", "parent", folder)
    body_example("CopyManyRequest", "file_ids", listed)
    del parameters["projectQuery"]["example"]
    parameters["parentQuery"] |= {"schema": or_one_of(parameters["parentQuery"]["schema"], [folder]), "example": folder}
    deletion = copy.deepcopy(schemas["BulkIDs"])
    deletion["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, doomed[:15])
    body = document["paths"]["/v2/bulk/files/delete"]["post"]["requestBody"]["content"]["application/json"]
    body["schema"], body["example"] = deletion, {"file_ids": doomed[:1]}
    schemas["BulkIDs"]["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, listed)
    change = schemas["BulkChanges"]["properties"]["items"]["items"]["properties"]
    change["id"] = or_one_of(change["id"], listed)
    schemas["CopyManyRequest"]["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, listed)
    signed("/storage/files/{file_id}", ("get", "head"), admin.call("GET", f"/files/{listed[2]}/download_info").json()["url"])


def signed(path, methods, url):
    """A signature fits one path only, so these calls get nothing but true ones, or none at all."""
    place, query = url.split("?")
    values = dict(pair.split("=") for pair in query.split("&"))
    variables = dict(zip(("file_id",) if "files" in path else ("upload_id", "part_number"), place.split("/")[5:]))
    for method in methods:
        for name, value in (values | variables).items():
            value = int(value) if name in ("expires", "part_number") else value
            instead(method, path, name, {"anyOf": [{"enum": [value]}]})


def projects():
    doomed = [admin.make("/projects", {"name": f"Doomed {number}"}, 201)["id"] for number in range(10)]
    other = admin.make("/projects", {"name": "Other"}, 201)["id"]
    offer("ProjectID", ["admin/uploads", other])
    parameters["projectQuery"]["schema"] = or_one_of(parameters["projectQuery"]["schema"], ["admin/uploads", other])
    owner, name = copy.deepcopy(parameters["owner"]["schema"]), copy.deepcopy(parameters["project"]["schema"])
    parameters["owner"]["schema"] = or_one_of(owner, ["admin"])
    parameters["project"]["schema"] = or_one_of(name, ["uploads", other.split("/")[1]])
    instead("delete", "/v2/projects/{owner}/{project}", "project", or_one_of(name, [entry.split("/")[1] for entry in doomed]))
    for place in ("uploads", other.split("/")[1]):
        admin.make(f"/projects/admin/{place}/members", {"username": "rosalind"}, 201)
        admin.make(f"/projects/admin/{place}/members", {"username": "doomed"}, 201)
    user = parameters["username"]["schema"]
    parameters["username"]["schema"] = or_one_of(user, ["admin", "rosalind"])
    members = "/v2/projects/{owner}/{project}/members"
    instead("delete", members + "/{username}", "username", or_one_of(user, ["doomed"]))
    schemas["NewMember"]["properties"]["username"] = or_one_of(schemas["NewMember"]["properties"]["username"], ["rosalind", "nobody"])


def uploads(api_root, start):
    pattern = {"type": "string", "pattern": "^[0-9A-Za-z]{64}$"}
    open_ones, doomed = [start("open")], [start(f"doomed {number}") for number in range(20)]
    report = admin.send(open_ones[0], 1, b"ab", api_root)
    admin.call("POST", f"{api_root}/{open_ones[0]}/part", report, 200)
    for upload in doomed[:10]:
        admin.call("POST", f"{api_root}/{upload}/part", admin.send(upload, 1, b"ab", api_root), 200)
    path = f"/v2{api_root}/{{upload_id}}"
    for method, rest in (("get", ""), ("post", ""), ("get", "/part/{part_number}"), ("get", "/part_infos"), ("post", "/part")):
        instead(method, path + rest, "upload_id", or_one_of(pattern, open_ones))
    instead("post", path + "/complete", "upload_id", or_one_of(pattern, doomed[:10]))
    instead("delete", path, "upload_id", or_one_of(pattern, doomed[10:]))
    return report


def packages():
    automation = admin.make("/automation/automations", {"name": "fuzzed"}, 201)["id"]
    fields = {"automation_id": automation}
    uploads(golden_world.PACKAGES, lambda name: admin.start(name, 2, golden_world.PACKAGES, **fields))
    location = admin.upload("code.zip", b"ab", golden_world.PACKAGES, **fields)
    body = {"version": "1", "location": location, "schema": {}}
    package = admin.make(f"/automation/automations/{automation}/packages", body, 201)["id"]
    for name, value in (("automationID", automation), ("packageID", package)):
        parameters[name]["schema"] = or_one_of(parameters[name]["schema"], [value])
        example(name, value)
    for name, field, value in (("NewPackageUpload", "automation_id", automation), ("NewPackage", "location", location)):
        schemas[name]["properties"][field] = or_one_of(schemas[name]["properties"][field], [value])
        body_example(name, field, value)


projects()
files()
report = uploads("/upload/multipart", lambda name: admin.start(name, 2))
headers = schemas["PartReport"]["properties"]["response"]["properties"]["headers"]["properties"]
headers["ETag"] = or_one_of(headers["ETag"], [report["response"]["headers"]["ETag"]])
packages()
for root in ("/upload/multipart", golden_world.PACKAGES):
    for rest, value in (("", {"parts": [report]}), ("/part", report)):
        body = document["paths"][f"/v2{root}/{{upload_id}}{rest}"]["post"]["requestBody"]
        body["content"]["application/json"]["example"] = value
# Not admin's own, so that the list of uploads does not tell the fuzzer what it could abort.
rosalind = golden_world.Caller(sys.argv[2])
hers = rosalind.make("/projects", {"name": "Hers"}, 201)["id"]
part = rosalind.start("part.bin", 1 << 20, project=hers)
signed("/storage/parts/{upload_id}/{part_number}", ("put",), rosalind.call("GET", f"/upload/multipart/{part}/part/1").json()["url"])
with open(sys.argv[1], "w", encoding="utf-8") as file:
    yaml.safe_dump(document, file, sort_keys=False)
