import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The calls that the audit log records, made by a user, with the line that each call must add to the log.
struct AuditScenario {
    /// A call and the line that it must add to the audit log.
    struct Step {
        /// Method and route pattern.
        let call: String
        let action: String
        var result = "success"
        /// Fields that the line must contain.
        var fields: [String: JSONValue]
    }

    private let api: APIClient
    private(set) var steps: [Step] = []

    init(_ api: APIClient) { self.api = api }

    /// Makes a call, and records the line that it must add to the audit log.
    @discardableResult
    private mutating func make(
        _ method: HTTPMethod,
        _ route: String,
        _ values: [String: String] = [:],
        _ body: JSONValue? = nil,
        _ action: String,
        _ fields: (APIResponse) throws -> [String: JSONValue]
    ) async throws -> APIResponse {
        let path = values.reduce(route) { $0.replacing("{\($1.key)}", with: $1.value) }
        let response = try await api.call(method, path, body)
        guard (200..<300).contains(response.status) else {
            throw UnexpectedResponse(description: "\(method) \(path): \(response.status) \(response.bodyText)")
        }
        steps.append(Step(call: "\(method) /v2\(route)", action: action, fields: try fields(response)))
        return response
    }

    /// Makes all calls except those of senders.
    ///
    /// - Returns: The id of a file that exists after all calls.
    /// - Throws: ``UnexpectedResponse`` if a call does not have the expected outcome.
    mutating func run(member: String) async throws -> String {
        let file = try await upload("reads.bam")
        try await putFile("counts.csv")
        try await putArchive()
        try await uploadPackage()
        try await changeFiles(file)
        try await changeProjects(member)
        try await changeLinks()
        try await changeWebhooks()
        try await changeTokens()
        return file
    }

    /// Stores a file of two bytes in one call.
    private mutating func putFile(_ name: String) async throws {
        let response = try await api.putFile(name, ByteBuffer(string: "ab"))
        let fields: [String: JSONValue] = [
            "object": .string(try response.text("id")), "name": .string(name), "project": "admin/uploads", "bytes": 2,
        ]
        steps.append(Step(call: "PUT /v2/files/content", action: "file.put", fields: fields))
    }

    /// Stores an archive, whose line in the audit log contains the destination folder and the number of bytes.
    private mutating func putArchive() async throws {
        let project = try await api.call(.GET, "/projects/admin/uploads").text("root_folder")
        let archive = TarBuilder.archive(["archived/a": "abc", "archived/b": "d"])
        guard try await api.putArchive(archive).results.count == 2 else {
            throw UnexpectedResponse(description: "the archive was not stored")
        }
        let fields: [String: JSONValue] = ["object": .string(project), "project": "admin/uploads", "bytes": 4]
        steps.append(Step(call: "POST /v2/upload/archive", action: "archive.put", fields: fields))
    }

    /// Uploads a file of three bytes, and aborts another upload.
    private mutating func upload(_ name: String) async throws -> String {
        let uploads = "/upload/multipart"
        let body: JSONValue = ["project": "admin/uploads", "name": .string(name), "size": 3]
        let upload = try await make(.POST, uploads, [:], body, "upload.initialize") { response in
            [
                "object": .string(try response.text("upload_id")), "name": .string(name), "bytes": 3,
                "project": "admin/uploads",
            ]
        }.text("upload_id")
        try await api.store(upload, 1, ByteBuffer(string: "abc"))
        let values = ["upload_id": upload]
        let file = try await make(.POST, "\(uploads)/{upload_id}/complete", values, nil, "upload.complete") {
            ["object": .string(upload), "target": .string(try $0.text("id")), "name": .string(name), "bytes": 3]
        }.text("id")
        let other: JSONValue = ["project": "admin/uploads", "name": "b"]
        let aborted = try await make(.POST, uploads, [:], other, "upload.initialize") {
            ["object": .string(try $0.text("upload_id")), "name": "b", "bytes": .null]
        }.text("upload_id")
        try await make(.DELETE, "\(uploads)/{upload_id}", ["upload_id": aborted], nil, "upload.abort") { _ in
            ["object": .string(aborted)]
        }
        return file
    }

    private mutating func uploadPackage() async throws {
        let automation = try await make(
            .POST,
            "/automation/automations",
            [:],
            ["name": "nightly"],
            "automation.create"
        ) { ["object": .string(try $0.text("id")), "name": "nightly"] }.text("id")
        let body: JSONValue = ["name": "code.zip", "size": 1, "part_size": 1, "automation_id": .string(automation)]
        let upload = try await make(.POST, packageUploads, [:], body, "upload.initialize") {
            ["object": .string(try $0.text("upload_id")), "target": .string(automation), "bytes": 1]
        }.text("upload_id")
        _ = try await api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, upload)
        let values = ["upload_id": upload]
        let file = try await make(.POST, "\(packageUploads)/{upload_id}/complete", values, nil, "upload.complete") {
            ["object": .string(upload), "target": .string(try $0.text("id")), "bytes": 1]
        }.text("id")
        let package: JSONValue = ["version": "1", "location": .string(file), "schema": ["inputs": []]]
        try await make(
            .POST,
            "/automation/automations/{automation_id}/packages",
            ["automation_id": automation],
            package,
            "package.create"
        ) { ["object": .string(try $0.text("id")), "target": .string(automation), "name": "1"] }
        try await changePackage(automation)
        let aborted = try await make(.POST, packageUploads, [:], body, "upload.initialize") {
            ["object": .string(try $0.text("upload_id"))]
        }.text("upload_id")
        try await make(.DELETE, "\(packageUploads)/{upload_id}", ["upload_id": aborted], nil, "upload.abort") { _ in
            ["object": .string(aborted)]
        }
    }

    private mutating func changePackage(_ automation: String) async throws {
        let home = "/automation/automations/{automation_id}"
        var values = ["automation_id": automation]
        let isAutomation: [String: JSONValue] = ["object": .string(automation), "name": "nightly"]
        let note: JSONValue = ["description": "x"]
        try await make(.PATCH, home, values, note, "automation.update") { _ in isAutomation }
        for action in ["archive", "restore"] {
            try await make(.POST, "\(home)/actions/\(action)", values, nil, "automation.update") { _ in isAutomation }
        }
        let packages = try await api.listed("/automation/automations/\(automation)/packages")
        let package = try #require(packages.first)
        values["package_id"] = package
        let isPackage: [String: JSONValue] = ["object": .string(package), "target": .string(automation), "name": "1"]
        let limit: JSONValue = ["memory_limit": 5]
        try await make(.PATCH, "/automation/packages/{package_id}", values, limit, "package.update") { _ in isPackage }
        for action in ["archive", "restore"] {
            let path = "\(home)/packages/{package_id}/actions/\(action)"
            try await make(.POST, path, values, nil, "package.update") { _ in isPackage }
        }
    }

    private mutating func changeFiles(_ file: String) async throws {
        let values = ["file_id": file]
        let isFile: [String: JSONValue] = ["object": .string(file)]
        let folder = try await make(
            .POST,
            "/files",
            [:],
            ["project": "admin/uploads", "name": "folder", "type": "folder"],
            "folder.create"
        ) { ["object": .string(try $0.text("id")), "name": "folder", "project": "admin/uploads"] }.text("id")
        for method in [HTTPMethod.PATCH, .PUT] {
            let body: JSONValue = ["name": .string("\(method.rawValue).bam")]
            try await make(method, "/files/{file_id}", values, body, "file.update") { _ in
                ["object": .string(file), "name": .string("\(method.rawValue).bam")]
            }
            try await make(method, "/files/{file_id}/metadata", values, ["a": "b"], "file.update") { _ in isFile }
        }
        try await make(.PUT, "/files/{file_id}/tags", values, ["t"], "file.update") { _ in isFile }
        try await make(.GET, "/files/{file_id}/download_info", values, nil, "download.authorize") { _ in isFile }
        try await make(.POST, "/files/{file_id}/actions/verify", values, nil, "file.verify") { _ in isFile }
        let copy = try await make(
            .POST,
            "/files/{file_id}/actions/copy",
            values,
            ["parent": .string(folder)],
            "file.copy"
        ) { ["object": .string(file), "target": .string(try $0.text("id")), "bytes": 3] }.text("id")
        let root = try await api.root()
        try await make(
            .POST,
            "/files/{file_id}/actions/move",
            ["file_id": copy],
            ["parent": .string(root), "name": "moved.bam"],
            "file.move"
        ) { _ in ["object": .string(copy), "target": .string(root), "name": "moved.bam"] }
        let copies: JSONValue = ["project": "admin/uploads", "file_ids": [.string(copy)]]
        try await make(.POST, "/action/files/copy", [:], copies, "file.copy") { _ in
            ["object": .string(copy), "bytes": 3]
        }
        let items: JSONValue = ["items": [["id": .string(copy), "name": "bulk.bam"]]]
        for action in ["update", "edit"] {
            try await make(.POST, "/bulk/files/\(action)", [:], items, "file.update") { _ in ["object": .string(copy)] }
        }
        try await make(.POST, "/bulk/files/delete", [:], ["file_ids": [.string(copy)]], "file.delete") { _ in
            ["object": .string(copy)]
        }
        for kind in FileJob.Kind.allCases {
            // No worker runs these jobs.
            let item: JSONValue = ["file": .string(file), "parent": .string(folder)]
            try await make(.POST, "/async/files/\(kind.rawValue)", [:], ["items": [item]], "job.submit") {
                ["object": .string(try $0.text("id")), "name": .string(kind.rawValue)]
            }
        }
        try await make(.DELETE, "/files/{file_id}", ["file_id": folder], nil, "file.delete") { _ in
            ["object": .string(folder)]
        }
    }

    private mutating func changeProjects(_ member: String) async throws {
        let project = try await make(.POST, "/projects", [:], ["name": "Audited"], "project.create") {
            ["object": .string(try $0.text("id")), "name": "Audited"]
        }.text("id")
        let isProject: [String: JSONValue] = ["object": .string(project)]
        let isMember: [String: JSONValue] = ["object": .string(project), "target": .string(member)]
        let short = try #require(project.split(separator: "/").last.map(String.init))
        let route = "/projects/{owner}/{project}"
        let values = ["owner": "admin", "project": short, "username": member]
        for method in [HTTPMethod.PATCH, .PUT] {
            try await make(method, route, values, ["name": "Audited"], "project.update") { _ in isProject }
        }
        try await make(.POST, "\(route)/members", values, ["username": .string(member)], "member.add") { _ in isMember }
        let permissions: JSONValue = [
            "read": true, "copy": true, "write": false, "execute": false, "admin": false,
        ]
        for method in [HTTPMethod.PATCH, .PUT] {
            let permissionsRoute = "\(route)/members/{username}/permissions"
            try await make(method, permissionsRoute, values, permissions, "member.update") { _ in isMember }
        }
        try await make(.DELETE, "\(route)/members/{username}", values, nil, "member.remove") { _ in isMember }
        try await make(.DELETE, route, values, nil, "project.delete") { _ in isProject }
    }

    private mutating func changeTokens() async throws {
        let token = try await make(.POST, "/tokens", [:], ["name": "laptop"], "token.create") {
            ["object": .string(try $0.text("id")), "name": "laptop", "target": "admin"]
        }.text("id")
        try await make(.DELETE, "/tokens/{token_id}", ["token_id": token], nil, "token.revoke") { _ in
            ["object": .string(token)]
        }
    }

    private mutating func changeLinks() async throws {
        let body: JSONValue = ["name": "Lab B", "project": "admin/uploads"]
        let link = try await make(.POST, "/upload_links", [:], body, "upload_link.create") {
            ["object": .string(try $0.text("id")), "name": "Lab B", "project": "admin/uploads"]
        }.text("id")
        let isLink: [String: JSONValue] = ["object": .string(link)]
        let route = "/upload_links/{link_id}"
        try await make(.PATCH, route, ["link_id": link], ["name": "Lab C"], "upload_link.update") { _ in isLink }
        try await make(.DELETE, route, ["link_id": link], nil, "upload_link.revoke") { _ in isLink }
    }

    private mutating func changeWebhooks() async throws {
        let body: JSONValue = ["project": "admin/uploads", "url": "https://receiver.example/?key=secret"]
        let created = try await make(.POST, "/webhooks", [:], body, "webhook.create") {
            ["object": .string(try $0.text("id")), "project": "admin/uploads"]
        }
        let values = ["webhook_id": try created.text("id")]
        let isWebhook: [String: JSONValue] = ["object": .string(try created.text("id"))]
        let route = "/webhooks/{webhook_id}"
        try await make(.PATCH, route, values, ["types": ["file.created"]], "webhook.update") { _ in isWebhook }
        for action in ["disable", "enable", "rotate-secret"] {
            try await make(.POST, "\(route)/actions/\(action)", values, nil, "webhook.update") { _ in isWebhook }
        }
        let position: JSONValue = ["after": .string(try created.text("cursor"))]
        try await make(.POST, "\(route)/actions/replay", values, position, "webhook.update") { _ in isWebhook }
        // The call is refused, because there is no dead delivery.
        let redeliver = "\(route)/actions/redeliver"
        let path = redeliver.replacing("{webhook_id}", with: try created.text("id"))
        let refused = try await api.call(.POST, path, ["event": "none"])
        guard refused.status == 404 else { throw UnexpectedResponse(description: refused.bodyText) }
        steps.append(
            Step(call: "POST /v2\(redeliver)", action: "webhook.update", result: "refused", fields: isWebhook)
        )
        try await make(.DELETE, route, values, nil, "webhook.delete") { _ in isWebhook }
    }
}
