import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The limit on requests with invalid credentials from one address.
@Suite(.timeLimit(.minutes(10)))
struct FailedAuthenticationTests {
    private static let arguments = [
        "--failed-authentication-limit", "3/5m", "--trust-forwarded-proto", "true", "--max-tokens-per-user", "9",
    ]

    private static func address(_ address: String) -> HTTPHeaders { ["X-Forwarded-For": "\(address)"] }

    @Test("beyond the limit, invalid tokens get 429 until the window ends, and valid ones work")
    func limit() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: Self.arguments, clock: clock) { server in
            let guesser = server.client(token: "wrong")
            let from = Self.address("192.0.2.1")
            for round in 1...2 {
                for _ in 0..<3 {
                    server.expectRefusal(try await guesser.call(.GET, "/user", headers: from), 401, 90001)
                }
                for _ in 0..<3 {
                    let response = try await guesser.call(.GET, "/user", headers: from)
                    server.expectRefusal(response, 429, 1000, "round \(round)")
                    let pause = try #require(response.headers.first(name: "Retry-After").flatMap(Int.init))
                    #expect((100...301).contains(pause), "\(pause)")
                    #expect(response.headers["X-RateLimit-Limit"] == ["3"])
                    let reset = try #require(response.headers.first(name: "X-RateLimit-Reset").flatMap(Int.init))
                    #expect(abs(Double(reset - pause) - clock.now.timeIntervalSince1970) < 240)
                }
                let post = try await guesser.call(.POST, "/files", ["name": "a"], headers: from)
                server.expectRefusal(post, 429, 1000, "any call")
                let good = try await server.api.call(.GET, "/user", headers: from)
                #expect(good.status == 200, "a valid token from the same address")
                clock.advance(by: .seconds(300))
            }
            #expect(server.log.contains("authentication failed") && server.log.contains("192.0.2.1"))
        }
    }

    @Test("addresses are counted separately, IPv6 by network, and requests without a token are not counted")
    func addresses() async throws {
        try await withTestServer(arguments: Self.arguments) { server in
            let guesser = server.client(token: "wrong")
            let nobody = server.client(token: nil)
            func expect(_ status: Int, _ client: APIClient, _ address: String) async throws {
                let response = try await client.call(.GET, "/user", headers: Self.address(address))
                #expect(response.status == status, "\(address)")
            }
            for _ in 0..<5 { try await expect(401, nobody, "192.0.2.1") }
            for _ in 0..<3 { try await expect(401, guesser, "192.0.2.1") }
            try await expect(429, guesser, "192.0.2.1")
            try await expect(401, nobody, "192.0.2.1")
            try await expect(401, guesser, "192.0.2.2")
            // The proxy has appended the last address. The client can forge the others.
            try await expect(429, guesser, "10.0.0.1, 192.0.2.1")
            try await expect(401, guesser, "192.0.2.1, 10.0.0.1")
            for host in 1...3 { try await expect(401, guesser, "2001:db8::\(host)") }
            try await expect(429, guesser, "2001:db8::4")
            try await expect(401, guesser, "2001:db8:0:1::4")
        }
    }

    @Test("expired, revoked and unknown tokens are counted, and so are unknown secrets of links")
    func credentials() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: Self.arguments, clock: clock) { server in
            let details = TokenDetails(expiresOn: clock.now.addingTimeInterval(3600))
            let expired = server.client(token: try await server.createToken(for: "admin", details))
            #expect(try await expired.call(.GET, "/user").status == 200)
            clock.advance(by: .seconds(3601))
            #expect(try await expired.call(.GET, "/user").status == 401)
            #expect(try await server.client(token: "link-unknown").call(.GET, "/user").status == 401)
            let unknown = String(repeating: "0", count: 32)
            server.expectRefusal(try await server.api.signIn(unknown), 404, 90003)
            let refused = try await server.api.signIn(unknown)
            server.expectRefusal(refused, 429, 1000)
            #expect(!refused.headers["Retry-After"].isEmpty)
            #expect(try await expired.call(.GET, "/user").status == 429)
            let link = try await server.api.createLink()
            #expect(try await server.api.signIn(link.secret).status == 201, "a valid secret from the same address")
        }
    }

    @Test("the limit can be switched off")
    func off() async throws {
        try await withTestServer(arguments: ["--failed-authentication-limit", "off"]) { server in
            let guesser = server.client(token: "wrong")
            for _ in 0..<200 {
                let response = try await guesser.call(.GET, "/user")
                #expect(response.status == 401)
            }
        }
    }
}
