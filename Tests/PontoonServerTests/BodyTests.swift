import Foundation
import NIOCore
import PontoonCore
import Testing

@testable import PontoonServer

/// The exact bytes of response bodies, with fields in alphabetical order.
struct BodyTests {
    private static let created = Date(timeIntervalSince1970: 1_700_000_000)
    private static let project = ProjectID(owner: "admin", shortName: "uploads")

    private func base() throws -> BaseURL { try #require(BaseURL("http://127.0.0.1:8080")) }

    private func file() throws -> File {
        var file = File(
            id: "0123456789abcdef01234567",
            name: "a \"b\".bam",
            kind: .file,
            project: Self.project,
            parent: "fedcba987654321001234567",
            content: FileContent(
                key: .random(),
                size: 42,
                crc64: CRC64NVME(rawValue: 0x0123_4567_89AB_CDEF),
                md5: "0cc175b9c0f1b6a831c399e269772661"
            ),
            createdOn: Self.created
        )
        file.tags = ["x", "a"]
        file.metadata = ["sample_id": "s/1", "A": "b"]
        return file
    }

    @Test("a file has all fields")
    func wholeFile() throws {
        try expect(
            FileBody(file: try file(), base: try base(), path: "/Projects/u/a"),
            #"{"_secondary_files":[],"#
                + #""checksums":{"crc64nvme":"0123456789abcdef","md5":"0cc175b9c0f1b6a831c399e269772661"},"#
                + #""created_on":"2023-11-14T22:13:20Z","#
                + #""href":"http://127.0.0.1:8080/v2/files/0123456789abcdef01234567","id":"0123456789abcdef01234567","#
                + #""metadata":{"A":"b","sample_id":"s/1"},"modified_on":"2023-11-14T22:13:20Z","name":"a \"b\".bam","#
                + #""origin":{},"parent":"fedcba987654321001234567","path":"/Projects/u/a","project":"admin/uploads","#
                + #""size":42,"storage":{"hosted_on_locations":[],"type":"PLATFORM"},"tags":["x","a"],"type":"file"}"#
        )
    }

    @Test("a file in a list has the default fields")
    func listedFile() throws {
        let list = ListBody(
            href: "http://h/v2/files?offset=0&limit=1",
            items: [FileBody(file: try file(), base: try base())],
            links: [.init(href: "http://h/v2/files?offset=1&limit=1", rel: "next")],
            fields: FieldSelection(nil, defaults: FileBody.listFields)
        )
        try expect(
            list,
            #"{"href":"http://h/v2/files?offset=0&limit=1","items":[{"#
                + #""href":"http://127.0.0.1:8080/v2/files/0123456789abcdef01234567","id":"0123456789abcdef01234567","#
                + #""name":"a \"b\".bam","parent":"fedcba987654321001234567","project":"admin/uploads","type":"file"}],"#
                + #""links":[{"href":"http://h/v2/files?offset=1&limit=1","method":"GET","rel":"next"}]}"#
        )
    }

    @Test("a folder has neither size nor checksums")
    func folder() throws {
        let folder = File(
            id: "0123456789abcdef01234567",
            name: "f",
            kind: .folder,
            project: Self.project,
            parent: nil,
            content: nil,
            createdOn: Self.created
        )
        try expect(
            FileBody(file: folder, base: try base()),
            #"{"_secondary_files":[],"created_on":"2023-11-14T22:13:20Z","#
                + #""href":"http://127.0.0.1:8080/v2/files/0123456789abcdef01234567","id":"0123456789abcdef01234567","#
                + #""metadata":{},"modified_on":"2023-11-14T22:13:20Z","name":"f","origin":{},"project":"admin/uploads","#
                + #""storage":{"hosted_on_locations":[],"type":"PLATFORM"},"tags":[],"type":"folder"}"#
        )
    }

    @Test("a project's settings are parsed only if some of their fields are selected")
    func project() throws {
        let project = Project(
            id: Self.project,
            uuid: "u",
            name: "Uploads",
            description: "d",
            tags: ["t"],
            settings: #"{"a":"/","b":1}"#,
            billingGroup: "g",
            rootFolder: "r",
            createdBy: "admin",
            createdOn: Self.created
        )
        let accessible = AccessibleProject(project: project, permissions: .all)
        try expect(
            ProjectBody(accessible, base: try base()),
            #"{"billing_group":"g","category":"PRIVATE","created_by":"admin","created_on":"2023-11-14T22:13:20Z","#
                + #""description":"d","href":"http://127.0.0.1:8080/v2/projects/admin/uploads","id":"admin/uploads","#
                + #""modified_on":"2023-11-14T22:13:20Z","name":"Uploads","owner":"admin","#
                + #""permissions":{"admin":true,"copy":true,"execute":true,"read":true,"write":true},"root_folder":"r","#
                + #""settings":{"a":"/","b":1},"tags":["t"],"type":"v2"}"#
        )
        let part = JSONWriter(ProjectBody(accessible, base: try base()), fields: FieldSelection("settings.b,!href"))
        let href = #""href":"http://127.0.0.1:8080/v2/projects/admin/uploads""#
        #expect(String(buffer: part.buffer) == "{\(href),\"settings\":{\"b\":1}}")
        var broken = project
        broken.settings = "{broken"
        let unreadable = ProjectBody(AccessibleProject(project: broken, permissions: .all), base: try base())
        let whole = JSONWriter(unreadable, fields: FieldSelection("settings,name"))
        #expect(String(buffer: whole.buffer).hasSuffix(#""name":"Uploads","settings":{broken}"#))
        let nothing = JSONWriter(unreadable, fields: FieldSelection("settings.b,name"))
        #expect(String(buffer: nothing.buffer).hasSuffix(#""name":"Uploads"}"#))
    }

    private func upload(_ destination: Upload.Destination) -> Upload {
        Upload(
            id: "U",
            userName: "admin",
            destination: destination,
            name: "n",
            size: 7,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: Self.created
        )
    }

    @Test("an upload has the fields of the initialize call, of lists, and of its details with parts")
    func uploads() throws {
        let upload = upload(.folder(id: "f", project: Self.project, wasGivenByFolder: false))
        let href = #""href":"http://127.0.0.1:8080/v2/upload/multipart/U","initiated":"2023-11-14T22:13:20Z","#
        try expect(
            UploadBody(upload: upload, base: try base()),
            "{" + href + #""name":"n","parallel_uploads":true,"parent":"f","part_size":5,"project":"admin/uploads","#
                + #""size":7,"upload_id":"U","uploaded_parts_count":0}"#
        )
        let summary = UploadSummary(upload: upload, reportedParts: 1, storedParts: 2, storedBytes: 7)
        var item = UploadBody(summary, base: try base())
        item.isListItem = true
        try expect(
            item,
            "{" + href + #""name":"n","part_size":5,"project":"admin/uploads","size":7,"stored_bytes":7,"#
                + #""stored_parts_count":2,"upload_id":"U","uploaded_parts_count":1}"#
        )
        var details = UploadBody(summary, base: try base())
        details.parts = [PartReportBody(number: try PartNumber(1), etag: "e")]
        try expect(
            details,
            "{" + href + #""name":"n","parallel_uploads":true,"parent":"f","part_size":5,"#
                + #""parts":[{"part_number":1,"response":{"headers":{"ETag":"e"}}}],"project":"admin/uploads","size":7,"#
                + #""stored_bytes":7,"stored_parts_count":2,"upload_id":"U","uploaded_parts_count":1}"#
        )
        try expect(
            UploadBody(upload: self.upload(.automation(id: "A")), base: try base()),
            #"{"automation_id":"A","href":"http://127.0.0.1:8080/v2/automation/upload/U","#
                + #""initiated":"2023-11-14T22:13:20Z","name":"n","parallel_uploads":true,"part_size":5,"size":7,"#
                + #""upload_id":"U","uploaded_parts_count":0}"#
        )
    }

    @Test("a part info, alone and in a batch, and the response to a report have the documented fields")
    func parts() throws {
        let request = SignedRequest(
            method: "PUT",
            url: "http://h/storage/parts/U/17?a=b&c=d",
            expires: Self.created,
            headers: ["b": "1", "a": "2"],
            reportHeaders: ["ETag"]
        )
        let start = #"{"expires":"2023-11-14T22:13:20Z","headers":{"a":"2","b":"1"},"method":"PUT","#
        let end =
            #""report":{"headers":["ETag"],"success_codes":[200]},"success_codes":[200],"#
            + #""url":"http://h/storage/parts/U/17?a=b&c=d"}"#
        try expect(PartInfoBody(request: request), start + end)
        let numbered = PartInfoBody(request: request, number: try PartNumber(17))
        try expect(
            PartInfosBody(partInfos: [numbered]),
            #"{"part_infos":["# + start + #""part_number":17,"# + end + "]}"
        )
        try expect(
            PartReportBody(number: try PartNumber(17), etag: "e", href: "h"),
            #"{"href":"h","part_number":17,"response":{"headers":{"ETag":"e"}}}"#
        )
    }

    @Test("users, members, rate limits and health have the documented fields")
    func small() throws {
        let base = try base()
        let user = User(name: "ada", createdOn: Self.created)
        try expect(
            UserBody(user: user, base: base),
            #"{"address":"","affiliation":"","city":"","country":"","email":"","first_name":"","#
                + #""href":"http://127.0.0.1:8080/v2/users/ada","last_name":"","phone":"","role":"MEMBER","state":"","#
                + #""tags":[],"username":"ada","zip_code":""}"#
        )
        let member = Member(userName: "ada", permissions: Permissions(copy: true))
        let href = "http://127.0.0.1:8080/v2/projects/admin/uploads/members/ada"
        try expect(
            MemberBody(member: member, project: Self.project, base: base),
            #"{"email":"","href":"\#(href)","id":"ada","permissions":{"admin":false,"copy":true,"execute":false,"#
                + #""href":"\#(href)/permissions","read":true,"write":false},"type":"USER","username":"ada"}"#
        )
        var store = RateLimitStore<Secret>(limit: RateLimit(calls: 5, window: .seconds(60)))
        try expect(
            RateLimitBody(status: store.call(Secret("t"), now: Self.created)),
            #"{"instance_limit":{"limit":-1,"remaining":9223372036854775807},"#
                + #""rate":{"limit":5,"remaining":4,"reset":1700000060}}"#
        )
        try expect(HealthBody(status: "ok"), #"{"status":"ok"}"#)
        try expect(HealthBody(status: "unavailable", reason: "r"), #"{"reason":"r","status":"unavailable"}"#)
    }

    @Test("errors have the same body alone and in a bulk response")
    func errors() throws {
        let info = "https://docs.sevenbridges.com/docs/api-status-codes"
        let error = ErrorBody(PontoonError(.fileNotFound, "gone"))
        let body = #"{"code":5002,"message":"gone","more_info":"\#(info)","status":404}"#
        try expect(error, body)
        try expect(
            BulkBody(
                items: [.deleted, .error(error), .file(FileBody(file: try file(), base: try base()))],
                fields: FieldSelection("id")
            ),
            #"{"items":[{"resource":{}},{"error":\#(body)},{"resource":{"#
                + #""href":"http://127.0.0.1:8080/v2/files/0123456789abcdef01234567","id":"0123456789abcdef01234567"}}]}"#
        )
        try expect(
            ["b": CopyResultBody.failed(error), "a": .copied(try file())],
            #"{"a":{"new_file_id":"0123456789abcdef01234567","new_file_name":"a \"b\".bam","status":"OK"},"#
                + #""b":{"code":5002,"message":"gone","more_info":"\#(info)","status":"ERROR"}}"#
        )
    }

    @Test("automations, code packages and their files have the documented fields")
    func automations() throws {
        let automation = Automation(id: "A", owner: "ada", name: "n", description: "", createdOn: Self.created)
        try expect(
            AutomationBody(automation: automation, base: try base()),
            #"{"archived":false,"created_by":"ada","created_on":"2023-11-14T22:13:20Z","description":"","#
                + #""href":"http://127.0.0.1:8080/v2/automation/automations/A","id":"A","modified_by":"ada","#
                + #""modified_on":"2023-11-14T22:13:20Z","name":"n","owner":"ada"}"#
        )
        let package = CodePackage(
            id: "P",
            automation: "A",
            version: "1",
            location: "L",
            schema: #"{"inputs":{"a":1.5},"z":[]}"#,
            memoryLimit: nil,
            python: "3",
            createdBy: "ada",
            createdOn: Self.created
        )
        try expect(
            CodePackageBody(package: package),
            #"{"archived":false,"automation":"A","created_by":"ada","created_on":"2023-11-14T22:13:20Z","id":"P","#
                + #""location":"L","python":"3","schema":{"inputs":{"a":1.5},"z":[]},"version":"1"}"#
        )
        let content = FileContent(key: .random(), size: 3, crc64: nil, md5: nil)
        let file = PackageFile(id: "F", automation: "A", name: "n.zip", content: content, createdOn: Self.created)
        try expect(
            PackageFileBody(file: file),
            #"{"checksums":{},"created_on":"2023-11-14T22:13:20Z","id":"F","name":"n.zip","size":3,"type":"file"}"#
        )
    }

    /// Checks the bytes of a body, and that its fields are in alphabetical order.
    private func expect(
        _ body: some JSONWritable,
        _ expected: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let text = String(buffer: JSONWriter(body).buffer)
        #expect(text == expected, sourceLocation: sourceLocation)
        #expect(try JSONParser.parse(text).text == text, "a field is out of order", sourceLocation: sourceLocation)
    }
}
