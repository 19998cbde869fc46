"""Fills a server for the fuzzer, and adds the ids of its contents to a copy of the OpenAPI document.

The copy suggests existing ids in addition to all other allowed values, so that the fuzzer gets more than 404. Calls
that delete something get separate ids, so that everything else exists until the end.
"""

import copy
import re

import yaml

from support import api_document
from support.caller import PACKAGES, Caller


def or_one_of(schema, values):
    return {"anyOf": [{"enum": list(values)}, copy.deepcopy(schema)]}


class FuzzWorld:
    """A filled server, and an OpenAPI document with the ids of its contents."""

    def __init__(self, endpoint, admin, rosalind):
        """Fills the server with the tokens of two users. The users nobody and doomed must also exist."""
        self.admin, self.rosalind = Caller(endpoint, admin), Caller(endpoint, rosalind)
        self.document = api_document.load()
        self.schemas = self.document["components"]["schemas"]
        self.parameters = self.document["components"]["parameters"]
        self.projects()
        self.files()
        report = self.uploads("/upload/multipart", lambda name: self.admin.start(name, 2))
        self.packages()
        self.links()
        self.webhooks()
        self.tokens()
        self.billing_group()
        self.reports(report)
        self.parts()

    def write(self, path):
        with path.open("w", encoding="utf-8") as file:
            yaml.safe_dump(self.document, file, sort_keys=False)

    def offer(self, name, values):
        """Makes a schema suggest values in addition to all those that it allows."""
        self.schemas[name] = or_one_of(self.schemas[name], values)

    def instead(self, method, path, name, schema):
        """Gives a call its own version of a shared parameter, with another schema."""
        operation = self.document["paths"][path][method]
        operation["parameters"] = [
            copy.deepcopy(parameter) | {"schema": schema, "example": schema["anyOf"][0]["enum"][0]}
            if (parameter := api_document.Document(self.document).follow(entry))["name"] == name
            else entry
            for entry in operation["parameters"]
        ]

    def example(self, name, value):
        self.parameters[name]["example"] = value

    def body_example(self, schema, field, value):
        for _, _, operation in api_document.Document(self.document).operations():
            media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            if media.get("schema") == {"$ref": f"#/components/schemas/{schema}"}:
                media["example"][field] = value

    def files(self):
        folder = self.admin.folder("folder")
        listed = [self.admin.upload(f"file-{number}.bin", b"x" * number) for number in range(3)]
        doomed = [self.admin.upload(f"doomed-{number}.bin", b"x") for number in range(30)] + [self.admin.folder("doomed")]
        pattern = self.schemas["FileID"]
        self.offer("FileID", listed)
        self.example("fileID", listed[1])
        for name in ("list", "scroll", "archive_info"):
            self.instead("get", f"/v2/files/{{file_id}}/{name}", "file_id", or_one_of(pattern, [folder]))
        self.instead("delete", "/v2/files/{file_id}", "file_id", or_one_of(pattern, doomed[15:]))
        for name in ("NewFolder", "CopyRequest", "MoveRequest", "NewUpload"):
            self.schemas[name]["properties"]["parent"] = or_one_of(self.schemas[name]["properties"]["parent"], [folder])
        self.body_example("MoveRequest", "parent", folder)
        self.body_example("CopyManyRequest", "file_ids", listed)
        del self.parameters["projectQuery"]["example"]
        parent = or_one_of(self.parameters["parentQuery"]["schema"], [folder])
        self.parameters["parentQuery"] |= {"schema": parent, "example": folder}
        deletion = copy.deepcopy(self.schemas["BulkIDs"])
        deletion["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, doomed[:15])
        body = self.document["paths"]["/v2/bulk/files/delete"]["post"]["requestBody"]["content"]["application/json"]
        body["schema"], body["example"] = deletion, {"file_ids": doomed[:1]}
        self.schemas["BulkIDs"]["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, listed)
        change = self.schemas["BulkChanges"]["properties"]["items"]["items"]["properties"]
        change["id"] = or_one_of(change["id"], listed)
        self.schemas["CopyManyRequest"]["properties"]["file_ids"]["items"] = or_one_of({"type": "string"}, listed)
        self.jobs(listed, folder)
        url = self.admin.call("GET", f"/files/{listed[2]}/download_info").json()["url"]
        self.signed("/storage/files/{file_id}", ("get", "head"), url)
        url = self.admin.call("GET", f"/files/{folder}/archive_info").json()["url"]
        self.signed("/storage/archives/{username}/{file_id}/{version}/{format}", ("get", "head"), url)

    def jobs(self, listed, folder):
        movable, doomed = ([self.admin.upload(f"{use} {n}.bin", b"x") for n in range(5)] for use in ("move", "delete"))
        place = {"project": "admin/uploads", "name": "copy.bin"}
        job = self.admin.create("/async/files/copy", {"items": [{"file": listed[0]} | place]}, 201)["id"]
        ids = or_one_of(self.schemas["UUID"], [job])
        self.instead("get", "/v2/async/files/copy/{job_id}", "job_id", ids)
        for kind, files in (("copy", listed), ("move", movable), ("delete", doomed)):
            media = self.document["paths"][f"/v2/async/files/{kind}"]["post"]["requestBody"]["content"]
            body = media["application/json"]
            schema = copy.deepcopy(self.schemas[body["schema"]["$ref"].rsplit("/", 1)[1]])
            fields = schema["properties"]["items"]["items"]["properties"]
            fields["file"] = or_one_of(fields["file"], files)
            if kind != "delete":
                fields["parent"] = or_one_of(fields["parent"], [folder])
            body["schema"] = schema
            example = {"file": files[0]} | ({} if kind == "delete" else {"parent": folder})
            body["example"] = {"items": [example]}

    def signed(self, path, methods, url):
        """Allows only one signed URL, because its signature is valid for no other values."""
        place, query = url.split("?")
        values = dict(pair.split("=") for pair in query.split("&"))
        names = re.findall(r"\{(\w+)\}", path)
        variables = dict(zip(names, place.split("/")[5:]))
        for method in methods:
            for name, value in (values | variables).items():
                value = int(value) if name in ("expires", "part_number") else value
                self.instead(method, path, name, {"anyOf": [{"enum": [value]}]})

    def projects(self):
        doomed = [self.admin.create("/projects", {"name": f"Doomed {number}"}, 201)["id"] for number in range(10)]
        other = self.admin.create("/projects", {"name": "Other"}, 201)["id"]
        self.offer("ProjectID", ["admin/uploads", other])
        query = self.parameters["projectQuery"]
        query["schema"] = or_one_of(query["schema"], ["admin/uploads", other])
        owner, name = copy.deepcopy(self.parameters["owner"]["schema"]), copy.deepcopy(self.parameters["project"]["schema"])
        self.parameters["owner"]["schema"] = or_one_of(owner, ["admin"])
        self.parameters["project"]["schema"] = or_one_of(name, ["uploads", other.split("/")[1]])
        ends = [entry.split("/")[1] for entry in doomed]
        self.instead("delete", "/v2/projects/{owner}/{project}", "project", or_one_of(name, ends))
        for place in ("uploads", other.split("/")[1]):
            self.admin.create(f"/projects/admin/{place}/members", {"username": "rosalind"}, 201)
            self.admin.create(f"/projects/admin/{place}/members", {"username": "doomed"}, 201)
        user = self.parameters["username"]["schema"]
        self.parameters["username"]["schema"] = or_one_of(user, ["admin", "rosalind"])
        members = "/v2/projects/{owner}/{project}/members"
        self.instead("delete", members + "/{username}", "username", or_one_of(user, ["doomed"]))
        new = self.schemas["NewMember"]["properties"]
        new["username"] = or_one_of(new["username"], ["rosalind", "nobody"])

    def uploads(self, api_root, start):
        pattern = {"type": "string", "pattern": "^[0-9A-Za-z]{64}$"}
        open_ones, doomed = [start("open")], [start(f"doomed {number}") for number in range(20)]
        report = self.admin.send(open_ones[0], 1, b"ab", api_root)
        self.admin.call("POST", f"{api_root}/{open_ones[0]}/part", report, 200)
        for upload in doomed[:10]:
            self.admin.call("POST", f"{api_root}/{upload}/part", self.admin.send(upload, 1, b"ab", api_root), 200)
        path = f"/v2{api_root}/{{upload_id}}"
        for method, rest in (
            ("get", ""), ("post", ""), ("get", "/part/{part_number}"), ("get", "/part_infos"), ("post", "/part"),
        ):
            self.instead(method, path + rest, "upload_id", or_one_of(pattern, open_ones))
        self.instead("post", path + "/complete", "upload_id", or_one_of(pattern, doomed[:10]))
        self.instead("delete", path, "upload_id", or_one_of(pattern, doomed[10:]))
        return report

    def packages(self):
        automation = self.admin.create("/automation/automations", {"name": "fuzzed"}, 201)["id"]
        fields = {"automation_id": automation}
        self.uploads(PACKAGES, lambda name: self.admin.start(name, 2, PACKAGES, **fields))
        location = self.admin.upload("code.zip", b"ab", PACKAGES, **fields)
        body = {"version": "1", "location": location, "schema": {}}
        package = self.admin.create(f"/automation/automations/{automation}/packages", body, 201)["id"]
        for name, value in (("automationID", automation), ("packageID", package)):
            self.parameters[name]["schema"] = or_one_of(self.parameters[name]["schema"], [value])
            self.example(name, value)
        for name, field, value in (
            ("NewPackageUpload", "automation_id", automation), ("NewPackage", "location", location),
        ):
            self.schemas[name]["properties"][field] = or_one_of(self.schemas[name]["properties"][field], [value])
            self.body_example(name, field, value)

    def links(self):
        links = [self.admin.create("/upload_links", {"project": "admin/uploads", "name": f"{n}"}, 201) for n in range(12)]
        path, pattern = "/v2/upload_links/{link_id}", self.schemas["LinkID"]
        for method, some in (("get", links[:2]), ("patch", links[1:2]), ("delete", links[2:])):
            self.instead(method, path, "link_id", or_one_of(pattern, [link["id"] for link in some]))
        header = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
        secret = or_one_of(header, [links[0]["secret"]])
        self.instead("post", "/v2/upload_links/session", "X-Pontoon-Upload-Link", secret)

    def webhooks(self):
        new = {"project": "admin/uploads", "url": "http://127.0.0.1/"}
        ids = [self.admin.create("/webhooks", new, 201)["id"] for _ in range(12)]
        pattern, root = self.schemas["WebhookID"], "/v2/webhooks/{webhook_id}"
        for path, item in self.document["paths"].items():
            for method in item if path.startswith(root) else ():
                some = ids[2:] if method == "delete" else ids[:2]
                self.instead(method, path, "webhook_id", or_one_of(pattern, some))

    def billing_group(self):
        group = self.admin.call("GET", "/billing/groups", status=200).json()["items"][0]["id"]
        ids = or_one_of(self.schemas["Text"], [group])
        self.instead("get", "/v2/billing/groups/{group_id}", "group_id", ids)

    def tokens(self):
        listed = self.admin.call("GET", "/tokens", status=200).json()["items"]
        self.token_id = next(token["id"] for token in listed if token["current"])
        ids = [self.admin.create("/tokens", {"name": f"{n}"}, 201)["id"] for n in range(12)]
        path, pattern = "/v2/tokens/{token_id}", self.schemas["TokenID"]
        for method, some in (("get", ids[:2]), ("delete", ids[2:])):
            self.instead(method, path, "token_id", or_one_of(pattern, some))

    def reports(self, report):
        headers = self.schemas["PartReport"]["properties"]["response"]["properties"]["headers"]["properties"]
        headers["ETag"] = or_one_of(headers["ETag"], [report["response"]["headers"]["ETag"]])
        for root in ("/upload/multipart", PACKAGES):
            for rest, value in (("", {"parts": [report]}), ("/part", report)):
                body = self.document["paths"][f"/v2{root}/{{upload_id}}{rest}"]["post"]["requestBody"]
                body["content"]["application/json"]["example"] = value

    def parts(self):
        # Rosalind creates the upload, because the fuzzer could find an upload of the admin's in a list and abort it.
        project = self.rosalind.create("/projects", {"name": "Hers"}, 201)["id"]
        upload = self.rosalind.start("part.bin", 1 << 20, project=project)
        url = self.rosalind.call("GET", f"/upload/multipart/{upload}/part/1").json()["url"]
        self.signed("/storage/parts/{upload_id}/{part_number}", ("put",), url)
