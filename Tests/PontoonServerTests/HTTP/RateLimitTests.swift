import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The rate limit and its headers.
@Suite(.timeLimit(.minutes(10)))
struct RateLimitTests {
    @Test("every response to a request with a token has each of the three headers once", arguments: [nil, "1000/1h"])
    func headers(limit: String?) async throws {
        try await withTestServer(arguments: limit.map { ["--rate-limit", $0] } ?? []) { server in
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
                let response = try await api.call(method, path, body)
                #expect(response.status == status, "\(method) \(path)")
                let rate = try #require(response.rate, "\(method) \(path): \(response.headers)")
                #expect(rate.limit == (limit == nil ? 2_147_483_647 : 1000))
                #expect(rate.remaining == rate.limit || limit != nil)
                #expect(rate.reset > Int(Date().timeIntervalSince1970))
            }
            let strangers = server.client(token: "nobody's")
            let refused = try await strangers.call(.GET, "/user")
            #expect(refused.status == 401 && refused.headers["X-RateLimit-Limit"].isEmpty)
            #expect(try await strangers.call(.GET, "/").headers["X-RateLimit-Limit"].isEmpty)
        }
    }

    @Test("the remaining calls count down to 0, and further calls are refused without changing the reset time")
    func countdown() async throws {
        try await withTestServer(arguments: ["--rate-limit", "3/1h"]) { server in
            let before = Int(Date().timeIntervalSince1970)
            var resets: Set<Int> = []
            for remaining in [2, 1, 0] {
                let response = try await server.api.call(.GET, "/rate_limit")
                let rate = try #require(response.rate)
                #expect(response.status == 200 && rate.limit == 3 && rate.remaining == remaining)
                let body: JSONValue = [
                    "limit": 3, "remaining": .integer(Int64(remaining)), "reset": .integer(Int64(rate.reset)),
                ]
                #expect(response["rate"] == body)
                resets.insert(rate.reset)
            }
            for _ in 0..<3 {
                let response = try await server.api.call(.POST, "/upload/multipart", ["name": "a"])
                server.expectRefusal(response, 429, 1000)
                #expect(response.headers["Retry-After"].isEmpty)
                let rate = try #require(response.rate)
                #expect(rate.limit == 3 && rate.remaining == 0)
                resets.insert(rate.reset)
            }
            #expect(resets.count == 1, "the window does not move")
            let reset = try #require(resets.first)
            #expect((before + 3600...before + 3660).contains(reset))
        }
    }

    @Test("each token is counted separately, however it is sent, and anonymous calls are not counted")
    func tokens() async throws {
        try await withTestServer(arguments: ["--rate-limit", "2/1h"]) { server in
            let ada = try await server.addUser("ada")
            let bearer: HTTPHeaders = ["Authorization": "Bearer \(server.token)"]
            let anonymous = server.client(token: nil)
            for _ in 0..<4 {
                #expect(try await anonymous.call(.GET, "/user").status == 401)
                #expect(try await server.api.call(.GET, "/").status == 200)
            }
            #expect(try await server.api.call(.GET, "/user").rate?.remaining == 1)
            #expect(try await anonymous.call(.GET, "/user", headers: bearer).rate?.remaining == 0)
            server.expectRefusal(try await server.api.call(.GET, "/user"), 429, 1000)
            server.expectRefusal(try await anonymous.call(.GET, "/user", headers: bearer), 429, 1000)
            #expect(try await ada.call(.GET, "/user").rate?.remaining == 1)
            let other = try await server.createToken(for: "admin")
            let second = try await server.client(token: other).call(.GET, "/user")
            #expect(second.rate?.remaining == 1, "another token of the same user")
        }
    }

    @Test("data plane requests are not counted, and continue after the limit is reached")
    func dataPlane() async throws {
        try await withTestServer(arguments: ["--rate-limit", "3/1h", "--min-part-size", "1"]) { server in
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

    @Test("calls are admitted again in the next window")
    func nextWindow() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: ["--rate-limit", "2/1h"], clock: clock) { server in
            var resets: Set<Int> = []
            for _ in 1...3 {
                for status in [200, 200, 429] {
                    let response = try await server.api.call(.GET, "/user")
                    #expect(response.status == status)
                    resets.insert(try #require(response.rate).reset)
                }
                clock.advance(by: .seconds(3600))
            }
            #expect(resets.count == 3)
        }
    }

    private func folder(_ name: String) -> [String: JSONValue] {
        ["project": "admin/uploads", "name": .string(name), "type": "folder"]
    }
}

extension APIResponse {
    /// The values of the three headers; `nil` unless each header occurs once and is an integer.
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
