import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonApp

/// Uploads with a conflict rule, the extension `on_conflict`.
@Suite(.timeLimit(.minutes(10)))
struct ConflictRuleTests {
    private static let path = "/upload/multipart"

    private static func start(_ rule: String, _ api: APIClient, name: String = "a", query: String = "") async throws
        -> APIResponse
    {
        let body: JSONValue = ["project": "admin/uploads", "name": .string(name), "size": 3]
        return try await api.call(.POST, "\(path)?on_conflict=\(rule)\(query)", body)
    }

    /// Starts an upload, sends its only part, and returns the response to the complete call.
    private static func upload(_ rule: String, _ text: String, _ api: APIClient) async throws -> APIResponse {
        let upload = try await start(rule, api).text("upload_id")
        try await api.store(upload, 1, ByteBuffer(string: text))
        return try await api.complete(upload)
    }

    @Test("the index announces the extension")
    func announced() async throws {
        try await withTestServer { server in
            let index = try await server.api.call(.GET, "/")
            #expect(index["extensions"]?.strings?.contains("on_conflict") == true)
        }
    }

    @Test("'rename' stores the file under the first free name, even if a folder has the requested name")
    func rename() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            for name in ["a", "_1_a", "_2_a"] {
                let file = try await Self.upload("rename", "abc", api)
                #expect(file.status == 201 && file["name"] == .string(name))
                #expect(try file.text("path").hasSuffix("/\(name)"))
            }
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["_1_a", "_2_a", "a"])
            let upload = try await Self.start("rename", api).text("upload_id")
            try await api.store(upload, 1, ByteBuffer(string: "abc"))
            let first = try await api.complete(upload)
            let again = try await api.complete(upload)
            #expect(first["name"] == "_3_a" && again["id"] == first["id"], "complete can be repeated")
        }
    }

    @Test("'skip' starts no upload if the file exists, and keeps a file that was created in the meantime")
    func skip() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let upload = try await Self.start("skip", api).text("upload_id")
            try await api.store(upload, 1, ByteBuffer(string: "new"))
            let file = try await api.uploadSmall("a", "old")
            let kept = try await api.complete(upload)
            #expect(kept.status == 201 && kept["id"] == .string(file))
            #expect(try await api.complete(upload)["id"] == .string(file), "complete can be repeated")
            #expect(try await String(buffer: api.download(file)) == "old")
            #expect(try server.finishedObjects() == 1)
            #expect(try server.unfinishedObjects() == [])
            let skipped = try await Self.start("skip", api)
            #expect(skipped.status == 200 && skipped["upload_id"] == nil)
            #expect(skipped["existing_file"]?.string("id") == file)
            #expect(try await api.listed(Self.path, "name") == [])
            #expect(try await api.call(.GET, "/projects/admin/uploads")["usage"]?["open_uploads"] == 0)
        }
    }

    @Test("'fail' and 'overwrite' have the same effect as the field 'overwrite'")
    func others() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            let old = try await api.uploadSmall("a", "old")
            server.expectRefusal(try await Self.start("fail", api), 409, 8005)
            let file = try await Self.upload("overwrite", "new", api)
            #expect(file.status == 201 && file["name"] == "a" && file["id"] != .string(old))
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["a"])
        }
    }

    @Test("unknown and contradictory rules are refused, and so are rules that a token or a sender may not use")
    func refusals() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let api = server.api
            server.expectRefusal(try await Self.start("newest", api), 400, 8013)
            server.expectRefusal(try await Self.start("skip", api, query: "&overwrite=true"), 400, 8013)
            server.expectRefusal(try await Self.start("overwrite", api, query: "&overwrite=false"), 400, 8013)
            #expect(try await Self.start("overwrite", api, query: "&overwrite=true").status == 200)
            _ = try await api.makeFolder("folder")
            for rule in ["fail", "skip", "overwrite"] {
                server.expectRefusal(try await Self.start(rule, api, name: "folder"), 409, 5030, "\(rule)")
            }
            let details = TokenDetails(rights: TokenRights(scope: .upload))
            let uploader = server.client(token: try await server.createToken(for: "admin", details))
            server.expectRefusal(try await Self.start("overwrite", uploader), 403, 8002)
            for rule in ["skip", "rename"] { #expect(try await Self.start(rule, uploader, name: "b").status == 200) }
            let sender = try await api.sender(of: try await api.createLink())
            let body: JSONValue = ["name": "c", "size": 1]
            for rule in ["skip", "overwrite", "rename"] {
                let response = try await sender.call(.POST, "\(Self.path)?on_conflict=\(rule)", body)
                server.expectRefusal(response, 403, 8002, "\(rule)")
            }
        }
    }
}
