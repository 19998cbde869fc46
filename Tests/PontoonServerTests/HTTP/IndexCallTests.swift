import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// `/v2/` and `/v2/rate_limit`.
@Suite(.timeLimit(.minutes(10)))
struct IndexCallTests {
    @Test("the index contains absolute URLs, and the rate limit contains only integers")
    func index() async throws {
        try await withTestServer { server in
            for path in ["/", ""] {
                let index = try await server.client(token: nil).call(.GET, path)
                for name in [
                    "rate_limit", "user", "users", "billing", "projects", "files", "tasks", "apps", "action", "upload",
                ] {
                    #expect(index["\(name)_url"] == .string("\(server.endpoint)/\(name)"), "\(name)")
                }
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
}
