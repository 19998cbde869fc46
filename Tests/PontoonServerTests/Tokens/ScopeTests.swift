import Hummingbird
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// The calls that each scope of a token allows.
@Suite(.timeLimit(.minutes(10)))
struct ScopeTests {
    /// Calls that the scope `upload` allows.
    private static let uploading: Set<String> = [
        "GET /rate_limit", "GET /user", "GET /users/{username}", "GET /usage", "GET /tokens", "GET /tokens/{token_id}",
        "GET /projects", "GET /projects/{owner}", "GET /projects/{owner}/{project}",
        "GET /projects/{owner}/{project}/files", "GET /files", "POST /files", "GET /files/scroll",
        "GET /files/{file_id}", "GET /files/{file_id}/list", "GET /files/{file_id}/scroll",
        "GET /files/{file_id}/metadata", "PUT /files/content", "POST /upload/archive",
        "GET /upload/multipart", "POST /upload/multipart", "GET /upload/multipart/{upload_id}",
        "POST /upload/multipart/{upload_id}", "DELETE /upload/multipart/{upload_id}",
        "GET /upload/multipart/{upload_id}/part/{part_number}", "GET /upload/multipart/{upload_id}/part_infos",
        "POST /upload/multipart/{upload_id}/part", "POST /upload/multipart/{upload_id}/complete",
    ]
    /// Calls that only a sender can make.
    private static let ofSenders: Set<String> = ["GET /upload_links/session"]

    /// Returns whether a scope should allow a call.
    ///
    /// `read` allows the bulk call that reads files, and every `GET` and `HEAD` except those that return URLs of parts.
    private static func isAllowed(_ call: String, _ scope: TokenScope) -> Bool {
        switch scope {
        case .full: true
        case .upload: uploading.contains(call.replacing("HEAD ", with: "GET "))
        case .read:
            call == "POST /bulk/files/get"
                || !call.contains("/part") && (call.hasPrefix("GET ") || call.hasPrefix("HEAD "))
        }
    }

    /// Returns all registered calls that need a token.
    ///
    /// Paths below `/v2` are relative to it.
    private static func calls(of server: TestServer) -> [String] {
        let settings = server.app.settings.server
        let routes = Routes(router: Router(context: AppContext.self), useCases: server.app.useCases, settings: settings)
        routes.addCalls(server.app.useCases, budget: ReceiveBufferBudget(), metrics: ServerMetrics())
        let open: Set<String> = ["GET /openapi.yaml", "HEAD /openapi.yaml", "POST /upload_links/session"]
        return routes.methods.filter { $0.key.hasPrefix("/v2/") || $0.key.hasPrefix("/ga4gh/drs/v1/objects/") }
            .flatMap { path, methods in methods.map { "\($0.rawValue) \(path.trimmingPrefix("/v2"))" } }
            .filter { !open.contains($0) }.sorted()
    }

    @Test("every call that needs a token is in the table, and the table contains no other calls")
    func table() async throws {
        try await withTestServer { server in
            let calls = Set(Self.calls(of: server).filter { !$0.hasPrefix("HEAD ") })
            #expect(calls.count > 50)
            #expect(calls == Set(CallScopes.table.keys), "add a row for each call to CallScopes")
        }
    }

    @Test("a token is refused with 403 for every call that its scope does not allow", arguments: TokenScope.allCases)
    func matrix(scope: TokenScope) async throws {
        try await withTestServer { server in
            let details = TokenDetails(rights: TokenRights(scope: scope))
            let client = server.client(token: try await server.createToken(for: "admin", details))
            let values = [
                "{owner}": "admin", "{project}": "none", "{username}": "admin", "{part_number}": "1",
                "{file_id}": "none", "{upload_id}": "none",
            ]
            var (allowed, refused) = (0, 0)
            for call in Self.calls(of: server) where !Self.ofSenders.contains(call.replacing("HEAD ", with: "GET ")) {
                let words = call.split(separator: " ").map(String.init)
                var path = values.reduce(words[1]) { $0.replacing($1.key, with: $1.value) }
                path.replace(/\{[a-z_]+\}/, with: "0")
                let response = try await client.callFromRoot(
                    HTTPMethod(rawValue: words[0]),
                    path.hasPrefix("/ga4gh") ? path : "/v2" + path
                )
                if Self.isAllowed(call, scope) {
                    allowed += 1
                    #expect(![401, 403, 405].contains(response.status), "\(call): \(response.status)")
                } else if words[0] == "HEAD" || path.hasPrefix("/ga4gh") {
                    refused += 1
                    #expect(response.status == 403, "\(call)")
                } else {
                    refused += 1
                    server.expectRefusal(response, 403, 90002, "\(call)")
                }
            }
            #expect(allowed > 25 && (scope == .full) == (refused == 0))
        }
    }

    @Test("a token with the scope 'upload' uploads files, but does not replace, change, download or delete them")
    func upload() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let details = TokenDetails(rights: TokenRights(scope: .upload))
            let uploader = server.client(token: try await server.createToken(for: "admin", details))
            let folder = try await uploader.makeFolder("run")
            let file = try await uploader.uploadSmall("a.bin")
            #expect(try await uploader.call(.GET, "/files/\(file)")["name"] == "a.bin")
            #expect(try await uploader.call(.GET, "/files/\(folder)/list").entries == [])
            let again: JSONValue = ["project": "admin/uploads", "name": "a.bin"]
            server.expectRefusal(
                try await uploader.call(.POST, "/upload/multipart?overwrite=true", again),
                403,
                8002,
                "overwrite"
            )
            server.expectRefusal(try await uploader.call(.POST, "/upload/multipart", again), 409, 8005, "same name")
            for (method, path): (HTTPMethod, String) in [
                (.GET, "/files/\(file)/download_info"), (.DELETE, "/files/\(file)"), (.PATCH, "/files/\(file)"),
            ] {
                server.expectRefusal(try await uploader.call(method, path), 403, 90002, "\(method) \(path)")
            }
            // The token cannot continue an upload with which another token replaces a file, either.
            let replacing = try await server.api.initialize("a.bin", size: 3, overwrite: true)
            for (method, path): (HTTPMethod, String) in [
                (.GET, "/part/1"), (.GET, "/part_infos"), (.POST, "/complete"),
            ] {
                let response = try await uploader.call(method, "/upload/multipart/\(replacing)\(path)")
                #expect(response.status == 403, "\(method) \(path)")
            }
            let open = try await uploader.initialize("b.bin", size: 3)
            #expect(try await uploader.call(.DELETE, "/upload/multipart/\(open)").status == 204)
            #expect(try await server.api.download(file) == ByteBuffer(string: "abc"))
        }
    }

    @Test("a token with the scope 'read' downloads files and cannot get the URL of a part")
    func read() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let file = try await server.api.uploadSmall("a.bin")
            let open = try await server.api.initialize("b.bin", size: 3)
            let details = TokenDetails(rights: TokenRights(scope: .read))
            let reader = server.client(token: try await server.createToken(for: "admin", details))
            #expect(try await reader.download(file) == ByteBuffer(string: "abc"))
            #expect(try await reader.call(.GET, "/upload/multipart/\(open)").status == 200)
            for path in ["part/1", "part_infos"] {
                let response = try await reader.call(.GET, "/upload/multipart/\(open)/\(path)")
                server.expectRefusal(response, 403, 90002, "\(path)")
            }
        }
    }
}
