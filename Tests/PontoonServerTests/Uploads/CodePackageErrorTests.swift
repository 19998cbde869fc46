import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Refusals of calls on automations and their uploads, with status and code.
@Suite(.timeLimit(.minutes(10)))
struct CodePackageErrorTests {
    private let root = packageUploads

    @Test("the initialize call rejects invalid packages")
    func initialize() async throws {
        try await withTestServer { server in
            let automation = JSONValue.string(try await server.api.automation())
            let good: [String: JSONValue] = ["name": "a", "size": 1, "automation_id": automation]
            let wrong: [(field: String, value: JSONValue, status: Int, code: Int64)] = [
                ("name", nil, 400, 8013), ("name", "", 400, 8013), ("name", "a/b", 400, 8013), ("name", 5, 400, 8013),
                ("size", nil, 400, 8013), ("size", 0, 400, 8013), ("size", -1, 400, 8013), ("size", "1", 400, 8013),
                ("size", .integer(5 << 40 + 1), 400, 8013), ("part_size", "x", 400, 8013), ("md5", "x", 400, 8013),
                ("automation_id", nil, 400, 8013), ("automation_id", 5, 400, 8013),
                ("automation_id", "", 404, 90003), ("automation_id", "nope", 404, 90003),
                ("automation_id", "00000000-0000-4000-8000-000000000000", 404, 90003),
            ]
            for (field, value, status, code) in wrong {
                let body = JSONValue.object(good.merging([field: value]) { $1 })
                server.expectRefusal(try await server.api.call(.POST, root, body), status, code, "\(field) \(value)")
            }
            for text in ["", "[1]", "\"a\"", "{", "null"] {
                server.expectRefusal(try await server.api.call(.POST, root, text: text), 400, 8013, "\(text)")
            }
            #expect(try await server.api.call(.POST, root, .object(good)).status == 200)
            #expect(try server.unfinishedObjects().count == 1, "refused calls leave no object")
        }
    }

    @Test("calls on a package upload return the same error codes as those on a file upload")
    func upload() async throws {
        try await withTestServer(arguments: ["--min-part-size", "1"]) { server in
            let api = server.api
            let upload = "\(root)/\(try await api.initializePackage(try await api.automation(), size: 2))"
            let calls: [(method: HTTPMethod, path: String, body: JSONValue?, status: Int, code: Int64)] = [
                (.GET, "\(root)/none", nil, 404, 8003), (.DELETE, "\(root)/none", nil, 404, 8003),
                (.GET, "\(root)/none/part/1", nil, 404, 8003),
                (.POST, "\(root)/none/part", partReport(1, "x"), 404, 8003),
                (.POST, "\(root)/none/complete", nil, 404, 8003), (.GET, "\(root)//part/1", nil, 400, 8011),
                (.POST, "\(root)//complete", nil, 400, 8011),
                (.GET, "\(upload)/part/0", nil, 400, 8012), (.GET, "\(upload)/part/10001", nil, 400, 8012),
                (.GET, "\(upload)/part/x", nil, 400, 8012), (.POST, "\(upload)/part", nil, 400, 8014),
                (.POST, "\(upload)/part", partReport(0, "x"), 400, 8012),
                (.POST, "\(upload)/part", partReport(1, "x"), 400, 8014),
                (.POST, "\(upload)/part", partReport(1, ""), 400, 8014), (.POST, upload, nil, 400, 8015),
                (.POST, upload, ["parts": [partReport(1, "x")]], 400, 8014),
                (.POST, "\(upload)/complete", ["parts": 1], 400, 8015),
                (.POST, "\(upload)/complete", ["parts": [partReport(1, "x")]], 400, 8014),
                (.POST, "\(upload)/complete", nil, 409, 8007), (.PUT, upload, nil, 405, 90006),
                (.DELETE, root, nil, 405, 90006),
            ]
            for (method, path, body, status, code) in calls {
                server.expectRefusal(try await api.call(method, path, body), status, code, "\(method) \(path)")
            }
            let id = String(upload.dropFirst(root.count + 1))
            _ = try await api.storeParts(of: ByteBuffer(string: "x"), partSize: 1, id)
            server.expectRefusal(try await api.call(.POST, "\(upload)/complete"), 409, 8007, "a byte is missing")
            let url = try await api.call(.GET, "\(upload)/part/2").text("url")
            let etag = try #require(try await api.send(.PUT, url, ByteBuffer(string: "y")).headers.first(name: "ETag"))
            let many = try await api.call(.POST, upload, ["parts": [partReport(2, etag)]])
            #expect(many.status == 200)
            #expect(try await api.call(.POST, "\(upload)/complete").status == 201)
            server.expectRefusal(try await api.call(.DELETE, upload), 404, 8003, "a completed upload")
        }
    }

    @Test("calls on automations and packages reject incomplete and missing values")
    func automations() async throws {
        try await withTestServer(arguments: ["--min-part-size", "1"]) { server in
            let api = server.api
            for body: JSONValue? in [nil, [:], ["name": ""], ["name": 5], ["name": "a", "description": 5]] {
                let response = try await api.call(.POST, "/automation/automations", body)
                server.expectRefusal(response, 400, 90000, "\(String(describing: body))")
            }
            let automation = try await api.automation()
            let location = JSONValue.string(try await api.packageFile(of: automation))
            let other = JSONValue.string(try await api.packageFile(of: try await api.automation()))
            let file = JSONValue.string(try await api.upload("a.bin", ByteBuffer(string: "x")))
            let good: [String: JSONValue] = ["version": "1", "location": location, "schema": [:]]
            let packages = "/automation/automations/\(automation)/packages"
            let wrong: [(field: String, value: JSONValue)] = [
                ("version", nil), ("version", ""), ("version", 1), ("location", nil), ("location", 1),
                ("location", "nope"), ("location", other), ("location", file), ("schema", nil), ("schema", "{}"),
                ("memory_limit", "x"), ("python", 3),
            ]
            for (field, value) in wrong {
                let body = JSONValue.object(good.merging([field: value]) { $1 })
                server.expectRefusal(try await api.call(.POST, packages, body), 400, 90000, "\(field) \(value)")
            }
            let unknown = try await api.call(.POST, "/automation/automations/none/packages", .object(good))
            server.expectRefusal(unknown, 404, 90003)
            for path in ["/automation/automations/none", "/automation/packages/none"] {
                server.expectRefusal(try await api.call(.GET, path), 404, 90003, "\(path)")
            }
            let anonymous = server.client(token: nil)
            let closed = [
                (HTTPMethod.POST, root), (.POST, "/automation/automations"), (.GET, "/automation/packages/x"),
            ]
            for (method, path) in closed {
                server.expectRefusal(try await anonymous.call(method, path), 401, 90001, "\(path)")
            }
        }
    }
}
