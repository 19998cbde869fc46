import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Limits of stored text, of filters and copies, and of the numbers of uploads, projects and tokens of a user.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct StoredTextTests {
    /// Returns fields of a project with their values, each longer than its limit by `excess`.
    private static func projectFields(_ excess: Int) -> [(String, JSONValue)] {
        [
            ("name", text(255 + excess)), ("description", text((64 << 10) + excess)),
            ("tags", .array(Array(repeating: "t", count: 100 + excess))), ("tags", .array([text(300 + excess)])),
            ("settings", .object(["a": text((64 << 10) - 8 + excess)])),
        ]
    }

    @Test("a project's fields are limited, when it is created and when it is changed")
    func projects() async throws {
        try await withTestServer { server in
            try await server.api.perform(.POST, "/projects", ["name": "p"])
            for (field, value) in Self.projectFields(0) {
                var body: [String: JSONValue] = ["name": "q"]
                body[field] = value
                #expect(try await server.api.call(.POST, "/projects", .object(body))[field] == value, "\(field)")
                let changed = try await server.api.call(.PATCH, "/projects/admin/p", .object([field: value]))
                #expect(changed[field] == value, "\(field)")
            }
            for (field, value) in Self.projectFields(1) + [("tags", [""])] {
                var body: [String: JSONValue] = ["name": "q"]
                body[field] = value
                let refusals = [
                    try await server.api.call(.POST, "/projects", .object(body)),
                    try await server.api.call(.PATCH, "/projects/admin/p", .object([field: value])),
                ]
                for refusal in refusals { server.expectRefusal(refusal, 400, 90000, "\(field)") }
            }
        }
    }

    @Test("a file's tags are limited on every call that sets them")
    func tags() async throws {
        try await withTestServer { server in
            let file = try await server.api.upload("f", ByteBuffer(string: "x"))
            let valid: [JSONValue] = [.array(Array(repeating: "t", count: 100)), .array([Self.text(300)])]
            let invalid: [JSONValue] = [.array(Array(repeating: "t", count: 101)), .array([Self.text(301)]), [""]]
            for (tags, status) in valid.map({ ($0, 200) }) + invalid.map({ ($0, 400) }) {
                let put = try await server.api.call(.PUT, "/files/\(file)/tags", tags)
                let patch = try await server.api.call(.PATCH, "/files/\(file)", ["tags": tags])
                #expect(put.status == status && patch.status == status)
                let item: JSONValue = ["id": .string(file), "tags": tags]
                let bulk = try await server.api.call(.POST, "/bulk/files/edit", ["items": [item]])
                #expect(String(buffer: bulk.body).contains("\"code\":90000") == (status == 400))
            }
        }
    }

    @Test("an automation's and a code package's fields are limited")
    func automations() async throws {
        try await withTestServer { server in
            for (excess, status) in [(0, 201), (1, 400)] {
                for body in [
                    ["name": Self.text(255 + excess)],
                    ["name": "a", "description": Self.text((64 << 10) + excess)],
                ] as [JSONValue] {
                    let response = try await server.api.call(.POST, "/automation/automations", body)
                    #expect(response.status == status)
                }
            }
        }
    }

    @Test("at most 1000 files are copied with one call")
    func copies() async throws {
        try await withTestServer { server in
            for (count, status) in [(1000, 200), (1001, 400)] {
                let ids = JSONValue.array(Array(repeating: "x", count: count))
                let body: JSONValue = ["project": "admin/uploads", "file_ids": ids]
                let response = try await server.api.call(.POST, "/action/files/copy", body)
                #expect(response.status == status)
            }
        }
    }

    @Test("filters longer than any stored text are refused")
    func filters() async throws {
        try await withTestServer { server in
            let files = "/files?project=admin/uploads&"
            func text(_ count: Int) -> String { String(repeating: "a", count: count) }
            for (path, limit) in [
                ("/projects?name=", 255), ("/projects?tag=", 300), ("\(files)name=", 255), ("\(files)tag=", 300),
                ("\(files)metadata.k=", 300),
            ] {
                #expect(try await server.api.call(.GET, path + text(limit)).status == 200, "\(path)")
                server.expectRefusal(try await server.api.call(.GET, path + text(limit + 1)), 400, 90000, "\(path)")
            }
            let key = try await server.api.call(.GET, "\(files)metadata.\(text(101))=v")
            server.expectRefusal(key, 400, 90000, "metadata key")
        }
    }

    @Test("the number of a user's unfinished uploads, projects and tokens is limited")
    func numbers() async throws {
        let arguments = ["--max-uploads-per-user", "2", "--max-projects-per-user", "3"]
        try await withTestServer(arguments: arguments) { server in
            let first = try await server.api.initialize("a", size: nil)
            _ = try await server.api.initialize("b", size: nil)
            let start: JSONValue = ["project": "admin/uploads", "name": "c"]
            server.expectRefusal(try await server.api.call(.POST, "/upload/multipart", start), 409, 90007, "upload")
            #expect(try server.unfinishedObjects().count == 2, "the refused upload leaves no file")
            let automation = try await server.api.call(.POST, "/automation/automations", ["name": "a"]).text("id")
            let package: JSONValue = ["automation_id": .string(automation), "name": "c", "size": 1]
            for _ in 0..<2 { try await server.api.perform(.POST, "/automation/upload", package) }
            server.expectRefusal(try await server.api.call(.POST, "/automation/upload", package), 409, 90007, "package")
            try await server.api.perform(.DELETE, "/upload/multipart/\(first)")
            _ = try await server.api.initialize("c", size: nil)

            // The project `uploads` also counts.
            for name in ["p", "q"] { try await server.api.perform(.POST, "/projects", ["name": .string(name)]) }
            let project = try await server.api.call(.POST, "/projects", ["name": "r"])
            server.expectRefusal(project, 409, 90007, "project")
            // Projects of other users do not count.
            let bob = try await server.addUser("bob")
            for name in ["p", "q", "r"] { try await bob.perform(.POST, "/projects", ["name": .string(name)]) }
            try await server.api.perform(.DELETE, "/projects/admin/p")
            try await server.api.perform(.POST, "/projects", ["name": "r"])
        }
    }

    private static func text(_ count: Int) -> JSONValue { .string(String(repeating: "a", count: count)) }
}
