import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// `GET /v2/` and `GET /v2/rate_limit`.
@Suite(.timeLimit(.minutes(10)))
struct IndexCallTests {
    @Test("the index contains absolute URLs, and the rate limit contains only integers")
    func index() async throws {
        try await withTestServer { server in
            let document = String(buffer: try await server.api.call(.GET, "/openapi.yaml").body)
            for path in ["/", ""] {
                let index = try await server.client(token: nil).call(.GET, path)
                let names = [
                    "rate_limit", "user", "users", "billing", "projects", "files", "tasks", "apps", "action", "upload",
                ]
                for name in names {
                    #expect(index["\(name)_url"] == .string("\(server.endpoint)/\(name)"), "\(name)")
                    let isServed = document.contains("\n  /v2/\(name):") || document.contains("\n  /v2/\(name)/")
                    #expect(isServed, "the document has calls under \(name)")
                }
                guard case .object(let fields) = try index.json else { throw UnexpectedResponse(description: "index") }
                #expect(fields.keys.count { $0.hasSuffix("_url") } == names.count)
                #expect(index.headers["X-RateLimit-Limit"] == [])
            }
            let limit = try await server.api.call(.GET, "/rate_limit")
            guard case .object(let rate) = limit["rate"], case .object(let instances) = limit["instance_limit"] else {
                throw UnexpectedResponse(description: String(buffer: limit.body))
            }
            for name in ["limit", "remaining", "reset"] { #expect(rate[name]?.integer != nil, "\(name)") }
            for name in ["limit", "remaining"] { #expect(instances[name]?.integer != nil, "\(name)") }
        }
    }

    @Test("the index shows the build only to users, and no response has a Server header")
    func build() async throws {
        try await withTestServer(.live) { server in
            let sender = try await server.api.sender(of: try await server.api.createLink(), name: "Bob").token
            let expected: JSONValue = [
                "version": .string(Build.version), "commit": .string(Build.commit), "swift": .string(Build.swift),
            ]
            let rows: [(token: String?, build: JSONValue?)] = [
                (server.token, expected), (nil, nil), ("unknown", nil), (sender, nil),
            ]
            for (token, build) in rows {
                let index = try await server.client(token: token).call(.GET, "/")
                #expect(index.status == 200 && index["build"] == build, "\(token ?? "no token")")
                for path in ["/", "/user", "/none"] {
                    let response = try await server.client(token: token).call(.GET, path)
                    #expect(response.headers["Server"] == [], "\(path)")
                }
            }
        }
    }

    @Test("wrong tokens for the index count as failed authentications, and are refused beyond the limit")
    func wrongTokens() async throws {
        try await withTestServer(arguments: ["--failed-authentication-limit", "2/5m"]) { server in
            var statuses: [Int] = []
            for token in ["unknown", "unknown", "unknown", nil, server.token] {
                statuses.append(try await server.client(token: token).call(.GET, "/").status)
            }
            #expect(statuses == [200, 200, 429, 200, 200])
        }
    }
}
