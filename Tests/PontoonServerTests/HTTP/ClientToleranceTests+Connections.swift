import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

extension ClientToleranceTests {
    @Test("each request on a connection gets its own response, whatever its body")
    func keepAlive() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 0)
            try await RawConnection.with(server) { connection in
                let json = "Content-Type: application/json\r\n"
                let requests: [(String, String, Int)] = [
                    ("GET /v2/user", "\(json)Content-Length: 4\r\n\r\nnull", 200),
                    ("GET /v2/", "Content-Length: 4\r\n\r\nnull", 200),
                    ("GET /v2/files?project=admin/uploads", "Content-Length: 2\r\n\r\n{}", 200),
                    ("GET /v2/rate_limit", "Transfer-Encoding: chunked\r\n\r\n4\r\nnull\r\n0\r\n\r\n", 200),
                    ("GET /v2/files/none", "Content-Length: 4\r\n\r\nnull", 404),
                    ("POST /v2/upload/multipart", "Content-Length: 4\r\n\r\nnull", 400),
                    ("POST /v2/upload/multipart", "Content-Length: 5\r\n\r\n{bad}", 400),
                    ("DELETE /v2/upload/multipart/none", "\(json)Content-Length: 2\r\n\r\n{}", 404),
                    // The Go client's complete call: an empty chunked body, declared as JSON.
                    (
                        "POST /v2/upload/multipart/\(upload)/complete",
                        "\(json)Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 201
                    ),
                    ("GET /v2/user/", "\r\n", 200),
                ]
                for (line, rest, status) in requests {
                    try await connection.write("\(server.head(line))\(rest)")
                    let response = try await connection.readResponse()
                    #expect(response.status == status, "\(line)")
                    #expect(response.values(of: "Connection") == [], "\(line) keeps the connection")
                    #expect(response.values(of: "Content-Length").count == 1, "\(line)")
                }
            }
        }
    }

    @Test("responses to pipelined requests are sent in order")
    func pipelining() async throws {
        try await withTestServer(.live) { server in
            try await RawConnection.with(server) { connection in
                let user = "\(server.head("GET /v2/user"))Content-Length: 4\r\n\r\nnull"
                let none = "\(server.head("GET /v2/files/none"))Content-Length: 4\r\n\r\nnull"
                try await connection.write(user + none + user)
                for status in [200, 404, 200] { #expect(try await connection.readResponse().status == status) }
            }
        }
    }

    @Test("a client that expects 100 Continue gets it once, before it sends the body")
    func expectOnCall() async throws {
        try await withTestServer(.live) { server in
            let body = #"{"project": "admin/uploads", "name": "expected", "size": 3}"#
            try await RawConnection.with(server) { connection in
                let head = server.head("POST /v2/upload/multipart")
                try await connection.write("\(head)Content-Length: \(body.utf8.count)\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await connection.readResponse().head == "HTTP/1.1 100 Continue\r\n\r\n")
                try await connection.write(body)
                #expect(try await connection.readResponse().status == 200)
                // The connection stays usable.
                try await connection.write("\(server.head("GET /v2/user"))\r\n")
                #expect(try await connection.readResponse().status == 200)
            }
            try await RawConnection.with(server) { connection in
                let head = "POST /v2/upload/multipart HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: wrong\r\n"
                try await connection.write("\(head)Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
                #expect(try await connection.readResponse().status == 401, "refused before the body is requested")
            }
        }
    }

    @Test("a part with Expect: 100-continue is accepted or rejected by its head alone")
    func expectOnPart() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 3)
            let path = try target(try await server.api.partURL(upload, 1))
            try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
                )
                #expect(try await connection.readResponse().head == "HTTP/1.1 100 Continue\r\n\r\n")
                try await connection.write("abc")
                let response = try await connection.readResponse()
                #expect(response.status == 200 && response.values(of: "ETag").count == 1)
                #expect(response.values(of: "Content-Length") == ["0"])
            }
            try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(path)0 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n"
                )
                let response = try await connection.readResponse()
                #expect(response.status == 403 && response.values(of: "ETag") == [])
                #expect(response.values(of: "Connection") == ["close"], "its body may still arrive")
            }
        }
    }

    @Test("a part may be chunked, without a length")
    func chunkedPart() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 11)
            let path = try target(try await server.api.partURL(upload, 1))
            let etag = try await RawConnection.with(server) { connection in
                try await connection.write("PUT \(path) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await connection.write("6\r\nhello \r\n")
                try await connection.write("5\r\nworld\r\n0\r\n\r\n")
                return try await connection.readResponse().values(of: "ETag").first
            }
            #expect(try await server.api.report(upload, 1, .string(try #require(etag))).status == 200)
            let file = try await server.api.complete(upload).text("id")
            #expect(try await server.api.download(file) == ByteBuffer(string: "hello world"))
        }
    }

    @Test("each response has its headers exactly once")
    func headersOnce() async throws {
        try await withTestServer(.live) { server in
            let once = ["Content-Type", "Content-Length", "X-Request-Id", "Date"]
            let limits = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
            try await RawConnection.with(server) { connection in
                var ids: Set<String> = []
                for path in ["user", "files?project=admin/uploads", "files/none", "projects/a", "files"] {
                    try await connection.write("\(server.head("GET /v2/\(path)"))\r\n")
                    let response = try await connection.readResponse()
                    for name in once + limits { #expect(response.values(of: name).count == 1, "\(name) of \(path)") }
                    for name in limits { #expect(response.values(of: name).compactMap { Int($0) }.count == 1) }
                    #expect(response.values(of: "Content-Type") == ["application/json"])
                    ids.formUnion(response.values(of: "X-Request-Id").filter { UUID(uuidString: $0) != nil })
                }
                #expect(ids.count == 5, "each request has a different id")
                try await connection.write("GET /v2/nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
                let unknown = try await connection.readResponse()
                for name in once { #expect(unknown.values(of: name).count == 1, "\(name) of an unknown address") }
            }
        }
    }

    @Test("a refusal with an internal cause also has the rate limit headers")
    func limitsOnRefusal() async throws {
        try await withTestServer(.live) { server in
            _ = try await server.api.upload("taken", ByteBuffer(string: "x"))
            let file = try await server.api.upload("free", ByteBuffer(string: "x"))
            let refused = try await server.api.call(.PATCH, "/files/\(file)", ["name": "taken"])
            #expect(refused.code == 5003)
            for name in ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-Request-Id"] {
                #expect(refused.headers[name].count == 1, "\(name)")
            }
        }
    }

    @Test("URLs in responses use the host of the request")
    func hostInAddresses() async throws {
        try await withTestServer(.live) { server in
            try await RawConnection.with(server) { connection in
                let token = "X-SBG-Auth-Token: \(server.token)\r\n"
                try await connection.write("GET /v2/user HTTP/1.1\r\nHost: files.example.org:81\r\n\(token)\r\n")
                let body = try await connection.readResponse().body
                #expect(body.contains(#""href":"http://files.example.org:81/v2/users/admin""#))
            }
        }
    }

    @Test("URLs in responses use the public URL if one is set")
    func publicAddress() async throws {
        let origin = "http://files.example.org:81"
        try await withTestServer(.live, arguments: ["--public-url", origin]) { server in
            let upload = try await server.api.initialize("f", size: 3)
            try await RawConnection.with(server) { connection in
                let rest = "HTTP/1.1\r\nHost: elsewhere\r\nX-SBG-Auth-Token: \(server.token)\r\n\r\n"
                try await connection.write("GET /v2/user \(rest)")
                #expect(try await connection.readResponse().body.contains("\"href\":\"\(origin)/v2/users/admin\""))
                try await connection.write("GET /v2/upload/multipart/\(upload)/part/1 \(rest)")
                #expect(try await connection.readResponse().body.contains("\"url\":\"\(origin)/storage/"))
            }
        }
    }
}

extension TestServer {
    /// Returns the first line of a request with its host and token headers.
    func head(_ line: String) -> String {
        "\(line) HTTP/1.1\r\nHost: \(origin.dropFirst("http://".count))\r\nX-SBG-Auth-Token: \(token)\r\n"
    }
}
