import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Invalid bodies of calls that expect a JSON object.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct BodyErrorTests {
    /// Calls that expect a JSON object, and their error code for a body that is not JSON.
    ///
    /// In the paths, `U` stands for the id of an upload, and `F` for the id of a file.
    private static let calls: [(HTTPMethod, String, Int64)] = [
        (.POST, "/upload/multipart", 8013), (.POST, "/upload/multipart/U/part", 8014),
        (.POST, "/upload/multipart/U/part/", 8014), (.POST, "/upload/multipart/U", 8015),
        (.POST, "/upload/multipart/U/complete", 8015),
        (.POST, "/projects", 90000), (.PATCH, "/projects/admin/uploads", 90000),
        (.POST, "/files", 90000), (.PATCH, "/files/F", 90000), (.PATCH, "/files/F/metadata", 90000),
        (.PUT, "/files/F/metadata", 90000), (.PUT, "/files/F/tags", 90000),
    ]

    private static let malformed: [(String, ByteBuffer)] = [
        ("cut", ByteBuffer(string: #"{"name": "a""#)),
        ("no value", ByteBuffer(string: #"{"name": }"#)),
        ("rest", ByteBuffer(string: #"{"name": "a"} x"#)),
        ("word", ByteBuffer(string: "nul")),
        ("single quotes", ByteBuffer(string: "{'name': 'a'}")),
        ("blank", ByteBuffer(string: " ")),
        ("NUL", ByteBuffer(bytes: [0])),
        ("no UTF-8", ByteBuffer(bytes: Array(#"{"name": ""#.utf8) + [0xFF, 0xFE] + Array(#""}"#.utf8))),
        ("overlong UTF-8", ByteBuffer(bytes: Array(#"{"name": ""#.utf8) + [0xC0, 0xAF] + Array(#""}"#.utf8))),
        ("half a surrogate", ByteBuffer(string: #"{"name": "\ud800"}"#)),
        ("deep arrays", ByteBuffer(string: String(repeating: "[", count: 60_000))),
        (
            "deep arrays, closed",
            ByteBuffer(string: String(repeating: "[", count: 30_000) + String(repeating: "]", count: 30_000))
        ),
        ("deep objects", ByteBuffer(string: String(repeating: #"{"a":"#, count: 10_000))),
        ("long number", ByteBuffer(string: String(repeating: "9", count: 60_000) + "x")),
        ("trailing comma", ByteBuffer(string: #"{"name": "a",}"#)),
        ("duplicate key", ByteBuffer(string: #"{"name": "a", "name": "b"}"#)),
        ("UTF-16", ByteBuffer(bytes: [0xFE, 0xFF] + #"{"name": "a"}"#.utf8.flatMap { [0, $0] })),
        ("33 arrays", ByteBuffer(string: String(repeating: "[", count: 33) + String(repeating: "]", count: 33))),
        ("form", ByteBuffer(string: "name=a&project=admin%2Fuploads")),
    ]

    private func place(_ path: String, upload: String, file: String) -> String {
        path.replacing("/U", with: "/\(upload)").replacing("/F", with: "/\(file)")
    }

    @Test("a body that is not JSON is rejected with the call's code")
    func malformed() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("open.bin", size: 3)
            let file = try await server.api.upload("file.bin", ByteBuffer(string: "abc"))
            for (method, path, code) in Self.calls {
                for (name, body) in Self.malformed {
                    let response = try await server.api.call(
                        method,
                        place(path, upload: upload, file: file),
                        bytes: body
                    )
                    server.expectRefusal(response, 400, code, "\(method) \(path) \(name)")
                }
            }
            let details = try await server.api.call(.GET, "/upload/multipart/\(upload)")
            #expect(details["uploaded_parts_count"] == 0)
        }
    }

    @Test("a JSON body that is not an object is rejected with the call's code")
    func notAnObject() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("open.bin", size: 3)
            let file = try await server.api.upload("file.bin", ByteBuffer(string: "abc"))
            for (method, path, code) in Self.calls {
                for body in [#""text""#, "5", "1.5e3", "true", "[[1]]", #"[{"name": "a"}]"#] {
                    let path = place(path, upload: upload, file: file)
                    let response = try await server.api.call(method, path, text: body)
                    server.expectRefusal(response, 400, path.hasSuffix("/metadata") ? 5006 : code, "\(path) \(body)")
                }
            }
            let tags = try await server.api.call(.PUT, "/files/\(file)/tags", ["a": "b"])
            server.expectRefusal(tags, 400, 90000, "tags")
        }
    }

    @Test("a body of 10 MB is rejected with 413, and the server stops reading")
    func tooLong() async throws {
        try await withEnduringServer { server in
            let long = "{\"name\": \"\(String(repeating: "x", count: 10_000_000))\"}"
            let upload = try await server.api.initialize("open.bin", size: 3)
            let headers = "HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\n"
            for line in [
                "POST /v2/upload/multipart", "POST /v2/upload/multipart/\(upload)/complete", "POST /v2/projects",
                "POST /v2/files", "GET /v2/user",
            ] {
                // Uses a raw connection, because an HTTP client may fail if the response arrives before it has sent the
                // body.
                let raw = try await server.exchange(
                    "\(line) \(headers)Content-Length: \(long.utf8.count)\r\n\r\n\(long)"
                )
                let response = try APIResponse(raw: raw)
                server.expectRefusal(response, 413, 90000, "\(line)")
                #expect(response.headers["Connection"] == ["close"])
            }
            let head = "POST /v2/projects \(headers)"
            let chunk = "100000\r\n\(String(repeating: "[", count: 0x100000))\r\n"
            let chunked = try await server.exchange(
                head + "Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 10) + "0\r\n\r\n"
            )
            server.expectRefusal(try APIResponse(raw: chunked), 413, 90000, "chunked")
        }
    }

    @Test("a body whose content type is not JSON is rejected with 415")
    func mediaType() async throws {
        try await withEnduringServer { server in
            let body = ByteBuffer(string: #"{"name": "a", "project": "admin/uploads"}"#)
            for type in [
                "text/plain", "application/xml", "multipart/form-data; boundary=x", "application/octet-stream", ";",
            ] {
                let response = try await server.api.call(.POST, "/upload/multipart", bytes: body, type: type)
                server.expectRefusal(response, 415, 90008, "\(type)")
            }
            for type in ["application/json; charset=utf-8", "Application/JSON", nil] {
                let response = try await server.api.call(.POST, "/upload/multipart", bytes: body, type: type)
                #expect(response.status == 200, "\(type ?? "none")")
            }
        }
    }
}
