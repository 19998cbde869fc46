import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Responses to `HEAD`, which must not have a body: clients would read it as the next response on the connection.
@Suite(.timeLimit(.minutes(10)))
struct HeadTests {
    @Test("responses to HEAD have no body, so the next one on the connection is intact")
    func noBody() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.upload("a.bin", pseudoRandomBytes(seed: 1, count: 10))
            let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            let token = "X-SBG-Auth-Token: \(server.token)\r\n"
            let long = "X-Long: \(String(repeating: "a", count: 40_000))\r\n"
            let heads: [(path: String, headers: String, status: Int)] = [
                ("/v2/user", "", 401), ("/v2/user/x", "", 404), ("/v2/", "", 200), ("/v2/user", token, 200),
                ("/v2/projects", token, 200), ("/v2/upload/multipart/x/complete", token, 405),
                ("/healthz", "", 200), ("/nowhere", "", 404), ("/storage/files/none", "", 403), ("/v2/", long, 431),
                (try target(url), "", 200), (try target(url), "Range: bytes=99-\r\n", 416),
            ]
            for (path, headers, status) in heads {
                let received = try await server.exchange(
                    "HEAD \(path) HTTP/1.1\r\nHost: a\r\n\(headers)\r\n"
                        + "GET /v2/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
                )
                #expect(received.hasPrefix("HTTP/1.1 \(status) "), "\(path)")
                let end = try #require(received.firstRange(of: "\r\n\r\n"))
                #expect(received[end.upperBound...].hasPrefix("HTTP/1.1 200 OK"), "\(path): \(received)")
            }
        }
    }
}
