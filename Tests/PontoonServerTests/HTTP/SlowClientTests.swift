import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Timeouts and length limits of requests, and clients that use HTTP/1.0.
@Suite(.timeLimit(.minutes(10)))
struct SlowClientTests {
    /// Timeouts that are long enough for a test's other requests, even on a busy machine.
    private static let timeout = ["--request-timeout", "4s", "--idle-timeout", "1h"]

    @Test("a head that does not arrive in time is rejected with 408")
    func slowHead() async throws {
        try await withEnduringServer(arguments: Self.timeout) { server in
            for start in ["GET /", "GET /v2/ HTTP/1.1\r\nHost: a\r\n", "GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: "] {
                let response = try await trickle(start, to: server)
                server.expectRefusal(try APIResponse(raw: response), 408, 90000, "\(start.debugDescription)")
            }
        }
    }

    @Test(
        "a body that does not arrive in time is rejected with 408, whether the call uses it or not",
        arguments: [
            "GET /healthz", "GET /readyz", "GET /v2/", "GET /v2/openapi.yaml", "GET /v2/user", "POST /v2/projects",
        ]
    )
    func slowBody(line: String) async throws {
        try await withEnduringServer(arguments: Self.timeout) { server in
            for length in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
                let head = "\(line) HTTP/1.1\r\nHost: a\r\nX-SBG-Auth-Token: \(server.token)\r\n\(length)\r\n\r\n"
                let start = length.hasPrefix("C") ? head : head + "3e8\r\n"
                let response = try APIResponse(raw: try await trickle(start, to: server))
                server.expectRefusal(response, 408, 90000, "\(line) \(length)")
                #expect(response.headers["Connection"] == ["close"])
            }
        }
    }

    @Test("many requests on one connection may together take longer than the timeout")
    func manyRequests() async throws {
        try await withTestServer(.live, arguments: Self.timeout) { server in
            try await RawConnection.with(server) { connection in
                let start = ContinuousClock.now
                while ContinuousClock.now - start < .seconds(6) {
                    try await connection.write("GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
                    #expect(try await connection.read(until: "\"ok\"}").hasPrefix("HTTP/1.1 200"))
                    // The idle time between requests does not count towards the timeout.
                    try await Task.sleep(for: .milliseconds(600))
                }
            }
        }
    }

    @Test("a part may take longer than the timeout")
    func slowPart() async throws {
        try await withTestServer(.live, arguments: smallParts + Self.timeout) { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 1000)
            let upload = try await server.api.initialize("slow.bin", size: 1000, partSize: 1000)
            let url = try await server.api.partURL(upload, 1)
            let response = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000\r\n\r\n"
                )
                try await connection.write(bytes.getSlice(at: 0, length: 500) ?? ByteBuffer())
                // This is longer than the timeout, which must not apply to parts.
                try await Task.sleep(for: .seconds(6))
                try await connection.write(bytes.getSlice(at: 500, length: 500) ?? ByteBuffer())
                return try await connection.readToEnd()
            }
            #expect(response.hasPrefix("HTTP/1.1 200"))
        }
    }

    @Test("the length of a head is limited while it arrives")
    func endlessHead() async throws {
        try await withEnduringServer { server in
            let response = try await RawConnection.with(server) { connection in
                try await connection.write("GET /v2/ HTTP/1.1\r\nHost: a\r\n")
                // The server may close the connection before it has read everything.
                for index in 0..<2000 {
                    let line = "X-\(index): \(String(repeating: "a", count: 500))\r\n"
                    guard (try? await connection.write(line)) != nil else { break }
                }
                return try await connection.readToEnd()
            }
            server.expectRefusal(try APIResponse(raw: response), 431, 90000, "endless head")
        }
    }

    @Test("an HTTP/1.0 connection is closed after the response, unless the client asks to keep it")
    func oldVersion() async throws {
        try await withTestServer(.live) { server in
            let response = try await server.exchange("GET /healthz HTTP/1.0\r\n\r\n")
            #expect(response.hasPrefix("HTTP/1.1 200") && response.hasSuffix("\"ok\"}"))
            let kept = try await RawConnection.with(server) { connection in
                let keep = "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
                try await connection.write(keep)
                _ = try await connection.read(until: "\"ok\"}")
                try await connection.write(keep)
                return try await connection.read(until: "\"ok\"}")
            }
            #expect(kept.contains("HTTP/1.1 200"))
        }
    }

    @Test("a request with HTTP/1.0 gets no 100 Continue, and its body is read")
    func oldExpectation() async throws {
        try await withTestServer(.live) { server in
            let body = #"{"name": "Old"}"#
            let response = try await server.exchange(
                "POST /v2/projects HTTP/1.0\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\nExpect: 100-continue\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
            #expect(response.hasPrefix("HTTP/1.1 201 ") && !response.contains("100 Continue"), "\(response)")
        }
    }

    @Test("a body that a call does not use is limited to 64 KiB")
    func unusedBody() async throws {
        try await withEnduringServer { server in
            for path in ["/healthz", "/v2/", "/v2/user"] {
                for (size, status) in [(64 << 10, 200), ((64 << 10) + 1, 413)] {
                    let response = try await server.api.send(
                        .GET,
                        server.origin + path,
                        ByteBuffer(string: String(repeating: "a", count: size)),
                        headers: ["X-SBG-Auth-Token": server.token]
                    )
                    #expect(response.status == status, "\(path) \(size)")
                }
            }
        }
    }

    /// Sends text, and then one byte every 100 ms until the server responds and closes the connection.
    private func trickle(_ start: String, to server: TestServer) async throws -> String {
        try await RawConnection.with(server) { connection in
            try await connection.write(start)
            async let response = connection.readToEnd()
            let sender = Task {
                while !Task.isCancelled {
                    try await connection.write("a")
                    try await Task.sleep(for: .milliseconds(100))
                }
            }
            defer { sender.cancel() }
            return try await response
        }
    }
}
