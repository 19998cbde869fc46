import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// The headers and the limit behind them.
@Suite(.timeLimit(.minutes(2)))
struct RateLimitTests {
    @Test("every answer to a token has the three headers once, whatever it is", arguments: [nil, "1000/1h"])
    func headers(limit: String?) async throws {
        try await withServer(arguments: limit.map { ["--rate-limit", $0] } ?? []) { server in
            let api = server.api
            for name in ["a", "b"] {
                let made = try await api.call(.POST, "/files", .object(folder(name)))
                #expect(made.status == 201 && made.rate != nil)
            }
            let upload = try await api.initialize("a.bin", size: 1)
            let calls: [(method: HTTPMethod, path: String, body: JSONValue?, status: Int)] = [
                (.GET, "/user", nil, 200), (.GET, "/rate_limit", nil, 200), (.GET, "/projects", nil, 200),
                (.GET, "/files?limit=x", nil, 400), (.GET, "/users/nobody", nil, 404),
                (.POST, "/upload/multipart", nil, 400), (.POST, "/files", .object(folder("a")), 409),
                (.POST, "/upload/multipart/\(upload)/complete", nil, 409),
                (.DELETE, "/upload/multipart/\(upload)", nil, 204), (.DELETE, "/upload/multipart/none", nil, 404),
                (.POST, "/automation/upload", ["name": "a", "size": 0, "automation_id": "x"], 400),
            ]
            for (method, path, body, status) in calls {
                let answer = try await api.call(method, path, body)
                #expect(answer.status == status, "\(method) \(path)")
                let rate = try #require(answer.rate, "\(method) \(path): \(answer.headers)")
                #expect(rate.limit == (limit == nil ? 2_147_483_647 : 1000))
                #expect(rate.remaining == rate.limit || limit != nil)
                #expect(rate.reset > Int(Date().timeIntervalSince1970))
            }
            let strangers = APIClient(origin: server.origin, token: "nobody's")
            let refused = try await strangers.call(.GET, "/user")
            #expect(refused.status == 401 && refused.headers["X-RateLimit-Limit"].isEmpty)
            #expect(try await strangers.call(.GET, "/").headers["X-RateLimit-Limit"].isEmpty)
        }
    }

    @Test("the limit counts down, is reached, and says when it ends")
    func countdown() async throws {
        try await withServer(arguments: ["--rate-limit", "3/1h"]) { server in
            let before = Int(Date().timeIntervalSince1970)
            var resets: Set<Int> = []
            for remaining in [2, 1, 0] {
                let answer = try await server.api.call(.GET, "/rate_limit")
                let rate = try #require(answer.rate)
                #expect(answer.status == 200 && rate.limit == 3 && rate.remaining == remaining)
                let body: JSONValue = [
                    "limit": 3, "remaining": .integer(Int64(remaining)), "reset": .integer(Int64(rate.reset)),
                ]
                #expect(answer["rate"] == body)
                resets.insert(rate.reset)
            }
            for _ in 0..<3 {
                let answer = try await server.api.call(.POST, "/upload/multipart", ["name": "a"])
                server.expectRefusal(answer, 429, 1000)
                #expect(answer.headers["Retry-After"].isEmpty)
                let rate = try #require(answer.rate)
                #expect(rate.limit == 3 && rate.remaining == 0)
                resets.insert(rate.reset)
            }
            #expect(resets.count == 1, "the window does not move")
            let reset = try #require(resets.first)
            #expect((before + 3600...before + 3660).contains(reset))
        }
    }

    @Test("each token counts for itself, however it is sent; who has none counts for nobody")
    func tokens() async throws {
        try await withServer(arguments: ["--rate-limit", "2/1h"]) { server in
            let ada = try await server.addUser("ada")
            let bearer: HTTPHeaders = ["Authorization": "Bearer \(server.token)"]
            let anonymous = APIClient(origin: server.origin, token: nil)
            for _ in 0..<4 {
                #expect(try await anonymous.call(.GET, "/user").status == 401)
                #expect(try await server.api.call(.GET, "/").status == 200)
            }
            #expect(try await server.api.call(.GET, "/user").rate?.remaining == 1)
            #expect(try await anonymous.call(.GET, "/user", headers: bearer).rate?.remaining == 0)
            server.expectRefusal(try await server.api.call(.GET, "/user"), 429, 1000)
            server.expectRefusal(try await anonymous.call(.GET, "/user", headers: bearer), 429, 1000)
            #expect(try await ada.call(.GET, "/user").rate?.remaining == 1)
            let other = try await server.administer("token", "create", "admin")
            let second = try await APIClient(origin: server.origin, token: other).call(.GET, "/user")
            #expect(second.rate?.remaining == 1, "another token of the same user")
        }
    }

    @Test("bytes do not count, and still flow when the limit is reached")
    func dataPlane() async throws {
        try await withServer(arguments: ["--rate-limit", "3/1h", "--min-part-size", "1"]) { server in
            let upload = try await server.api.initialize("a.bin", size: 5, partSize: 5)
            let url = try await server.api.partURL(upload, 1)
            for _ in 0..<5 {
                let stored = try await server.api.send(.PUT, url, ByteBuffer(string: "hello"))
                #expect(stored.status == 200 && stored.headers["X-RateLimit-Limit"].isEmpty)
            }
            #expect(try await server.api.call(.GET, "/user").rate?.remaining == 0)
            server.expectRefusal(try await server.api.call(.GET, "/user"), 429, 1000)
            #expect(try await server.api.send(.PUT, url, ByteBuffer(string: "hello")).status == 200)
        }
    }

    @Test("when the window has ended, calls are answered again")
    func nextWindow() async throws {
        try await withServer(arguments: ["--rate-limit", "2/1s"]) { server in
            var resets: Set<Int> = []
            try await eventually("two windows have ended") {
                let answer = try await server.api.call(.GET, "/user")
                let rate = try #require(answer.rate)
                #expect(answer.status == 200 || answer.status == 429)
                if answer.status == 200 { resets.insert(rate.reset) }
                return resets.count > 2
            }
        }
    }

    @Test(
        "a limit that makes no sense is refused at the start",
        arguments: ["1000", "0/5m", "-1/5m", "1e3/5m", "10/0s", "10/2d", "10/5", "10/5m/1s", "1000000001/5m", "/"]
    )
    func badSettings(_ value: String) async throws {
        try await withTemporaryFolder { folder in
            let result = try await run(
                .path(Places.pontoond),
                arguments: [
                    "serve", "--data", folder.appending("data").string, "--listen", "127.0.0.1:0",
                    "--rate-limit=\(value)",
                ],
                output: .discarded,
                error: .string(limit: 1 << 16)
            )
            #expect(!result.terminationStatus.isSuccess)
            #expect(result.standardError.contains("setting 'rate-limit'"), "\(result.standardError)")
        }
    }

    private func folder(_ name: String) -> [String: JSONValue] {
        ["project": "admin/uploads", "name": .string(name), "type": "folder"]
    }
}

extension Answer {
    /// The three headers; `nil` unless each is there once, with a whole number.
    fileprivate var rate: (limit: Int, remaining: Int, reset: Int)? {
        func number(_ name: String) -> Int? {
            let values = headers[name]
            return values.count == 1 ? Int(values[0]) : nil
        }
        guard let limit = number("X-RateLimit-Limit"), let remaining = number("X-RateLimit-Remaining"),
            let reset = number("X-RateLimit-Reset")
        else { return nil }
        return (limit, remaining, reset)
    }
}
