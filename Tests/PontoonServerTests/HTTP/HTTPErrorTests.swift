import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Malformed HTTP requests, unknown paths and unsupported methods.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct HTTPErrorTests {
    @Test("malformed HTTP is rejected with 400 and closes the connection")
    func malformed() async throws {
        let requests = [
            "GARBAGE\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n", "GET\r\n\r\n", "GET /v2/ HTTP/9.9\r\nHost: x\r\n\r\n",
            "GET /v2/ FTP/1.1\r\nHost: x\r\n\r\n", "FROBNICATE /v2/ HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET /v2/user HTTP/1.1\r\nHost x\r\n\r\n", "GET /v2/user HTTP/1.1\r\n: x\r\n\r\n",
            "GET /v2/user HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n", "GET /v2/user HTTP/1.1\r\nHost: x\u{1}y\r\n\r\n",
            "GET /v2/user HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /v2/projects HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "POST /v2/projects HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            // More header fields than the parser accepts.
            "GET /v2/user HTTP/1.1\r\nHost: x\r\n\((0..<2000).map { "X-\($0): a\r\n" }.joined())\r\n",
        ]
        try await withEnduringServer { server in
            for request in requests {
                let response = try APIResponse(raw: try await server.exchange(request))
                server.expectRefusal(response, 400, 90000, "\(request.prefix(80).debugDescription)")
                #expect(response.headers["Connection"] == ["close"])
            }
            let chunks =
                "POST /v2/projects HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\n"
                + "Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
            server.expectRefusal(
                try APIResponse(raw: try await server.exchange(chunks)),
                400,
                90000,
                "chunk without a size"
            )
        }
    }

    @Test("a query or a header with more than 255 combining marks in a row is rejected with 400")
    func combiningMarks() async throws {
        try await withEnduringServer { server in
            let rest = "Host: x\r\nX-SBG-Auth-Token: \(server.token)\r\nConnection: close\r\n"
            func get(_ marks: Int, inQuery: Bool) async throws -> APIResponse {
                let text = "e" + String(repeating: "\u{301}\u{327}", count: marks / 2)
                let query = inQuery ? "?a\(text)=\(text)" : ""
                let header = inQuery ? "" : "X-A: \(text)\r\n"
                let head = "GET /v2/projects\(query) HTTP/1.1\r\n\(rest)\(header)\r\n"
                return try APIResponse(raw: try await server.exchange(head))
            }
            for inQuery in [true, false] {
                #expect(try await get(254, inQuery: inQuery).status == 200)
                server.expectRefusal(try await get(256, inQuery: inQuery), 400, 90000, "\(inQuery)")
            }
            for (marks, message) in [(254, "file"), (256, "There is no resource at this URL.")] {
                let id = "e" + String(repeating: "%CC%81%CC%A7", count: marks / 2)
                let head = "GET /v2/files/\(id) HTTP/1.1\r\n\(rest)\r\n"
                let response = try APIResponse(raw: try await server.exchange(head))
                #expect(response.status == 404 && response.bodyText.contains(message), "\(marks): \(response.bodyText)")
            }
        }
    }

    @Test("a head of 64 KiB is rejected with 431")
    func longHead() async throws {
        try await withEnduringServer { server in
            let long = String(repeating: "a", count: 64 << 10)
            let rest = "Host: x\r\nX-SBG-Auth-Token: \(server.token)\r\nConnection: close\r\n"
            let requests = [
                "GET /v2/user HTTP/1.1\r\n\(rest)X-A: \(long)\r\n\r\n",
                "GET /v2/user?a=\(long.prefix(40_000)) HTTP/1.1\r\n\(rest)\r\n",
                "GET /v2/\(long.prefix(40_000)) HTTP/1.1\r\n\(rest)\r\n",
                "POST /v2/upload/multipart HTTP/1.1\r\n\(rest)Content-Length: 2\r\nX-A: \(long)\r\n\r\n{}",
            ]
            for request in requests {
                let response = try APIResponse(raw: try await server.exchange(request))
                server.expectRefusal(response, 431, 90000, "\(request.prefix(40)) \(request.utf8.count)")
            }
        }
    }

    @Test("connections cut anywhere in a request do not affect later ones")
    func cutHead() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let whole =
                "POST /v2/upload/multipart/\(upload)/complete HTTP/1.1\r\nHost: x\r\n"
                + "X-SBG-Auth-Token: \(server.token)\r\nContent-Length: 4\r\n\r\nnull"
            for count in stride(from: 0, through: whole.utf8.count, by: 7) {
                try await RawConnection.with(server) { try await $0.write(String(whole.prefix(count))) }
            }
        }
    }

    @Test("an unknown path is rejected with 404")
    func unknownRoute() async throws {
        let paths = [
            "/", "/v1/user", "/v2/nothing", "/v2/upload", "/v2/upload/multiplart", "/v2/upload/multipart/U/part/1/x",
            "/v2/upload/multipart/U/parts", "/v2/projects/admin/uploads/nothing", "/v2/files/F/nothing", "/storage",
            "/storage/parts", "/v2/../etc/passwd", "/v2/%2e%2e/%2e%2e/etc/passwd", "/v2/files/../../../etc/passwd",
            "/V2/user", "/v2/upload/multipart/%FF", "/favicon.ico/x",
        ]
        try await withEnduringServer { server in
            for path in paths {
                let request =
                    "GET \(path) HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\nConnection: close\r\n\r\n"
                let response = try APIResponse(raw: try await server.exchange(request))
                server.expectRefusal(response, 404, 90003, "\(path)")
            }
        }
    }

    @Test("an unsupported method is rejected with 405")
    func unknownMethod() async throws {
        let calls: [(HTTPMethod, String)] = [
            (.DELETE, "/user"), (.POST, "/user"), (.PUT, "/upload/multipart"), (.DELETE, "/upload/multipart"),
            (.PATCH, "/upload/multipart/U"), (.PUT, "/upload/multipart/U/part/1"),
            (.POST, "/upload/multipart/U/part/1"),
            (.GET, "/upload/multipart/U/part"), (.GET, "/upload/multipart/U/complete"), (.DELETE, "/projects"),
            (.POST, "/files/F"), (.POST, "/files/F/metadata"), (.GET, "/files/F/tags"),
            (.POST, "/files/F/download_info"),
            (.DELETE, "/"), (.OPTIONS, "/user"), (.TRACE, "/user"),
        ]
        try await withEnduringServer { server in
            for (method, path) in calls {
                let response = try await server.api.call(method, path)
                server.expectRefusal(response, 405, 90006, "\(method) \(path)")
                #expect(response.headers["Allow"].count == 1, "\(method) \(path)")
            }
        }
    }

    @Test("an empty upload id is rejected with its own code")
    func emptyUploadID() async throws {
        try await withEnduringServer { server in
            let calls: [(HTTPMethod, String)] = [
                (.GET, "//part/1"), (.POST, "//part"), (.POST, "//part/"), (.POST, "//complete"), (.GET, "//"),
                (.DELETE, "//"),
            ]
            for (method, path) in calls {
                let body: JSONValue? = method == .POST ? ["parts": []] : nil
                let response = try await server.api.call(method, "/upload/multipart\(path)", body)
                server.expectRefusal(response, 400, 8011, "\(method) \(path)")
            }
            let odd = ["x", "%00", "..%2F..", "%F0%9F%98%80", "'%20OR%201=1", String(repeating: "a", count: 5000)]
            for id in odd {
                let response = try await server.api.call(.GET, "/upload/multipart/\(id)")
                #expect([400, 404].contains(response.status))
                server.expectRefusal(response, response.status, id == "%00" ? 90000 : 8003, "\(id.prefix(40))")
            }
        }
    }
}
