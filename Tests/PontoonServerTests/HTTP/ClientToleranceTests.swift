import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Requests in the forms that the R, Java, Go and Python clients send, which a strict server would refuse.
///
/// Source: docs/api.md. ClientToleranceTests+Uploads.swift tests the uploads of each client, +Connections.swift the
/// behavior of connections, and +Lists.swift paging and the selection of fields.
@Suite(.timeLimit(.minutes(10)))
struct ClientToleranceTests {
    /// Settings that allow parts of one kibibyte.
    static let smallParts = ["--min-part-size", "1KiB"]

    @Test("a trailing slash makes no difference on reads")
    func trailingSlashesOnReads() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.upload("file", ByteBuffer(string: "content"))
            for path in [
                "", "/user", "/users/admin", "/projects", "/projects/admin", "/projects/admin/uploads",
                "/projects/admin/uploads/files", "/upload/multipart", "/files/\(file)", "/files/\(file)/metadata",
                "/files/\(file)/download_info",
            ] {
                let plain = try await server.api.call(.GET, path)
                let slashed = try await server.api.call(.GET, path + "/")
                #expect(plain.status == 200 && slashed.status == 200, "\(path)")
                // Only download URLs differ, because they contain an expiry time.
                if !path.hasSuffix("download_info") { #expect(try plain.json == slashed.json, "\(path)") }
            }
            // Compares the status only, because this response depends on the time.
            let limit = try await server.api.call(.GET, "/rate_limit/")
            #expect(limit.status == 200)
            let listed = try await server.api.call(.GET, "/files/?project=admin/uploads")
            #expect(try listed.entries.count == 1)
        }
    }

    @Test("an upload works with a trailing slash on each of its calls")
    func trailingSlashesOnWrites() async throws {
        try await withTestServer(.live) { server in
            let body: JSONValue = ["project": "admin/uploads", "name": "slashed", "size": 3]
            let upload = try await server.api.call(.POST, "/upload/multipart/?overwrite=false", body).text("upload_id")
            let path = "/upload/multipart/\(upload)"
            #expect(try await server.api.call(.GET, "\(path)/").text("upload_id") == upload)
            let url = try await server.api.call(.GET, "\(path)/part/1/").text("url")
            let etag = try await server.api.send(.PUT, url, ByteBuffer(string: "abc")).headers.first(name: "ETag")
            let report = JSONValue.report(1, try #require(etag))
            #expect(try await server.api.call(.POST, "\(path)/part/", report).status == 200)
            #expect(try await server.api.call(.POST, "\(path)/", ["parts": [report]]).status == 200)
            let file = try await server.api.call(.POST, "\(path)/complete/").text("id")
            #expect(try await server.api.call(.PATCH, "/files/\(file)/", ["name": "new"]).text("name") == "new")
            #expect(try await server.api.call(.PUT, "/files/\(file)/tags/", ["a"]).status == 200)
            #expect(try await server.api.call(.PATCH, "/files/\(file)/metadata/", ["a": "b"]).status == 200)
            #expect(try await server.api.call(.DELETE, "/files/\(file)/").status == 204)
            let aborted = try await server.api.initialize("aborted", size: 3)
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(aborted)/").status == 204)
            let folder: JSONValue = ["project": "admin/uploads", "name": "folder", "type": "FOLDER"]
            let made = try await server.api.call(.POST, "/files/", folder)
            #expect(try made.text("type") == "folder")
            #expect(try await server.api.call(.GET, "/files/\(try made.text("id"))/list/").status == 200)
        }
    }

    @Test(
        "every form of an empty body that clients send is accepted",
        arguments: [nil, "", "null", "{}", "[]", " null\n"]
    )
    func noData(_ body: String?) async throws {
        try await withTestServer(.live) { server in
            for path in ["/user", "/files?project=admin/uploads", "/upload/multipart", ""] {
                #expect(try await server.api.call(.GET, path, text: body).status == 200, "\(path)")
            }
            let upload = try await server.api.initialize("no data", size: 3)
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let completed = try await server.api.call(.POST, "/upload/multipart/\(upload)/complete", text: body)
            #expect(completed.status == 201)
            let file = try completed.text("id")
            let other = try await server.api.initialize("other", size: 3)
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(other)", text: body).status == 204)
            #expect(try await server.api.call(.DELETE, "/files/\(file)", text: body).status == 204)
        }
    }

    @Test("a JSON body is accepted unless it is declared as something else")
    func contentTypes() async throws {
        try await withTestServer(.live) { server in
            let types: [(String?, Int)] = [
                (nil, 200), ("application/json", 200), ("application/json; charset=utf-8", 200),
                ("Application/JSON;charset=UTF-8", 200), ("application/x-www-form-urlencoded", 200),
                ("text/plain", 415), ("application/octet-stream", 415),
            ]
            for (number, (type, status)) in types.enumerated() {
                var headers: HTTPHeaders = [:]
                if let type { headers.add(name: "content-type", value: type) }
                let body = #"{"project": "admin/uploads", "name": "\#(number)", "size": 0}"#
                let response = try await server.api.call(.POST, "/upload/multipart", text: body, headers: headers)
                #expect(response.status == status, "\(type ?? "none")")
                if status == 415 { #expect(response.code == 90008) }
            }
        }
    }

    @Test("the token may be in either header, and the platform's own takes precedence")
    func tokenHeaders() async throws {
        try await withTestServer(.live) { server in
            let (good, bad) = (server.token, String(repeating: "0", count: 32))
            let cases: [([(String, String)], Int)] = [
                ([("X-SBG-Auth-Token", good)], 200), ([("x-sbg-auth-token", good)], 200),
                ([("X-Sbg-Auth-Token", good)], 200), ([("Authorization", "Bearer \(good)")], 200),
                ([("authorization", "bearer \(good)")], 200), ([("AUTHORIZATION", "BEARER \(good)")], 200),
                ([("X-SBG-Auth-Token", good), ("Authorization", "Bearer \(bad)")], 200),
                ([("X-SBG-Auth-Token", bad), ("Authorization", "Bearer \(good)")], 401),
                ([("Authorization", good)], 401), ([("Authorization", "Basic \(good)")], 401),
                ([("X-SBG-Auth-Token", "")], 401), ([], 401),
            ]
            let anybody = server.client(token: nil)
            for (headers, status) in cases {
                let advance = HTTPHeaders(headers + [("X-SBG-Advance-Access", "aDvance")])
                for headers in [HTTPHeaders(headers), advance] {
                    let response = try await anybody.call(.GET, "/user", headers: headers)
                    #expect(response.status == status, "\(headers)")
                    if status == 401 { #expect(response.code == 90001) }
                }
            }
            #expect(try await anybody.call(.GET, "").status == 200, "the index needs no token")
        }
    }

    @Test("overwrite is case-insensitive", arguments: ["true", "True", "TRUE", "false", "False", "FALSE", ""])
    func overwriteSwitch(_ overwrite: String) async throws {
        try await withTestServer(.live) { server in
            let old = try await server.api.upload("taken", ByteBuffer(string: "old"))
            let path = "/upload/multipart?overwrite=\(overwrite)&limit=50&offset=0&fields=_all"
            let body: JSONValue = ["project": "admin/uploads", "name": "taken", "size": 3]
            let response = try await server.api.call(.POST, path, body)
            guard overwrite.lowercased() == "true" else {
                #expect(response.status == 409 && response.code == 8005)
                return
            }
            let upload = try response.text("upload_id")
            try await server.api.store(upload, 1, ByteBuffer(string: "new"))
            #expect(try await server.api.download(old) == ByteBuffer(string: "old"), "replaced at complete, not before")
            let new = try await server.api.complete(upload).text("id")
            #expect(try await server.api.download(new) == ByteBuffer(string: "new"))
            #expect(try await server.api.call(.GET, "/files/\(old)").code == 5002)
        }
    }

    @Test("integers are accepted in any notation, and other numbers are rejected")
    func numbers() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            for size in ["5000", "5000.0", "5e3", "5.0e+03", "50000e-1"] {
                let body = #"{"project": "admin/uploads", "name": "n", "size": \#(size), "part_size": 2048.0}"#
                let response = try await server.api.call(.POST, "/upload/multipart", text: body)
                #expect(response["size"] == 5000, "\(size)")
                #expect(response["part_size"] == 2048, "\(size)")
                #expect(
                    String(buffer: response.body).contains(#""size":5000,"#),
                    "an integer on the wire, as Go reads it"
                )
            }
            for size in ["5.5", #""5""#, "true", "[5]", "{}", "1e30", "-1"] {
                let body = #"{"project": "admin/uploads", "name": "n", "size": \#(size)}"#
                let response = try await server.api.call(.POST, "/upload/multipart", text: body)
                #expect(response.status == 400 && response.code == 8013, "\(size)")
            }
            let upload = try await server.api.initialize("n", size: 3)
            let etag = try #require(
                try await server.api.put(upload, 1, ByteBuffer(string: "abc")).headers.first(name: "ETag")
            )
            for number in ["1", "1.0", "1e0"] {
                let body = #"{"part_number": \#(number), "response": {"headers": {"ETag": \#(etag)}}}"#
                let response = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", text: body)
                #expect(response.status == 200, "\(number)")
            }
        }
    }

    @Test("null for an optional field means that it is absent, and unknown fields are ignored")
    func nulls() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.call(
                .POST,
                "/upload/multipart",
                [
                    "project": "admin/uploads", "parent": nil, "name": "n", "size": nil, "part_size": nil, "md5": nil,
                    "tags": nil, "what": ["is": "this"],
                ]
            )
            #expect(upload.status == 200)
            #expect(upload["part_size"] == 33_554_432)
            #expect(upload["size"] == nil, "absent unless it was declared")
            // The R client creates a project with this body.
            let project = try await server.api.call(
                .POST,
                "/projects?limit=50&offset=0&fields=_all",
                [
                    "name": "from R", "tags": nil, "billing_group": nil, "description": nil,
                    "settings": ["location": nil],
                ]
            )
            #expect(project.status == 201)
            let group = try project.text("billing_group")
            #expect(UUID(uuidString: group) != nil, "never null: the Python client would not read the project")
        }
    }

    @Test("the slash of a project id in a query may be encoded")
    func projectQueries() async throws {
        try await withTestServer(.live) { server in
            for name in ["a", "b", "c"] { _ = try await server.api.upload(name, ByteBuffer(string: name)) }
            for project in ["admin/uploads", "admin%2Fuploads", "admin%2fuploads"] {
                let query = "project=\(project)&name=a&name=c&unknown=1&fields=_all"
                let response = try await server.api.call(.GET, "/files?\(query)")
                #expect(try response.entryNames == ["a", "c"])
            }
        }
    }
}

extension APIClient {
    /// Calls the API with this text as the body, which need not be JSON; without a body if it is `nil`.
    func call(
        _ method: HTTPMethod,
        _ path: String,
        text: String?,
        headers: HTTPHeaders = [:]
    ) async throws -> APIResponse {
        var headers = headers
        if let token { headers.add(name: "X-SBG-Auth-Token", value: token) }
        return try await send(method, origin + "/v2" + path, text.map { ByteBuffer(string: $0) }, headers: headers)
    }
}

extension JSONValue {
    /// Returns the report of a part, with the ETag unchanged.
    static func report(_ number: Int64, _ etag: String, key: String = "ETag") -> JSONValue {
        ["part_number": .integer(number), "response": ["headers": [key: .string(etag)]]]
    }
}
