import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The calls with which users manage their own tokens.
@Suite(.timeLimit(.minutes(10)))
struct TokenCallTests {
    @Test("a created token has the requested rights, is shown once and works")
    func create() async throws {
        try await withTestServer { server in
            let mine = try #require(try await server.api.call(.GET, "/tokens").entries.first?.string("id"))
            let expires = Date().addingTimeInterval(3600).formatted(.iso8601)
            let body: JSONValue = [
                "name": "CI ü", "scope": "upload", "projects": ["admin/uploads"], "expires": .string(expires), "x": 1,
            ]
            let created = try await server.api.call(.POST, "/tokens", body)
            #expect(created.status == 201)
            let (id, token) = (try created.text("id"), try created.text("token"))
            #expect(token.wholeMatch(of: /[0-9a-f]{32}/) != nil && id.wholeMatch(of: /[0-9a-f]{12}/) != nil)
            let expected: [String: JSONValue] = [
                "created_by": .string(mine), "created_on": try #require(created["created_on"]), "current": false,
                "expires": .string(expires), "href": .string("\(server.endpoint)/tokens/\(id)"), "id": .string(id),
                "name": "CI ü", "projects": ["admin/uploads"], "scope": "upload",
            ]
            #expect(try created.json == .object(expected.merging(["token": .string(token)]) { $1 }))
            let details = try await server.api.call(.GET, "/tokens/\(id)")
            #expect(try details.json == .object(expected), "the token itself is not shown again")
            let client = server.client(token: token)
            let own = try await client.call(.GET, "/tokens/\(id)")
            #expect(own.status == 200 && own["current"] == true)
            #expect(try await client.call(.GET, "/user")["username"] == "admin")
        }
    }

    @Test("without fields, a token has the rights and the expiry of the token that creates it")
    func inheritance() async throws {
        try await withTestServer { server in
            for body: JSONValue? in [nil, [:], ["name": nil, "scope": nil, "projects": nil, "expires": nil]] {
                let plain = try await server.api.call(.POST, "/tokens", body)
                #expect(plain.status == 201 && plain["scope"] == "full" && plain["name"] == "")
                #expect(plain["projects"] == nil && plain["expires"] == nil)
            }
            let limited = try await Self.limited(server)
            let child = try await limited.call(.POST, "/tokens")
            let parent = try #require(try await limited.call(.GET, "/tokens").entries.first)
            #expect(child["scope"] == "full" && child["projects"] == ["admin/uploads"])
            #expect(child["expires"] == parent["expires"] && child["expires"] != nil)
        }
    }

    /// Returns a client with a token that expires in an hour and is limited to one project.
    private static func limited(_ server: TestServer, scope: TokenScope = .full) async throws -> APIClient {
        let details = TokenDetails(
            rights: TokenRights(scope: scope, projects: [ProjectID(owner: "admin", shortName: "uploads")]),
            expiresOn: Date().addingTimeInterval(3600)
        )
        return server.client(token: try await server.createToken(for: "admin", details))
    }

    @Test("a token cannot create one with more rights or a later expiry")
    func escalation() async throws {
        try await withTestServer { server in
            let other = try await server.api.createProject("Other")
            let limited = try await Self.limited(server)
            let later = Date().addingTimeInterval(7200).formatted(.iso8601)
            for body: JSONValue in [
                ["projects": [.string(other)]], ["projects": ["admin/uploads", .string(other)]],
                ["expires": .string(later)], ["scope": "read", "expires": .string(later)],
            ] {
                server.expectRefusal(try await limited.call(.POST, "/tokens", body), 403, 90002, "\(body)")
            }
            for scope in [TokenScope.read, .upload] {
                let client = try await Self.limited(server, scope: scope)
                for body: JSONValue in [[:], ["scope": "full"], ["scope": .string(scope.rawValue)]] {
                    server.expectRefusal(try await client.call(.POST, "/tokens", body), 403, 90002, "\(scope) \(body)")
                }
            }
            let sooner = Date().addingTimeInterval(1800).formatted(.iso8601)
            let weaker = try await limited.call(.POST, "/tokens", ["scope": "read", "expires": .string(sooner)])
            #expect(weaker.status == 201 && weaker["scope"] == "read" && weaker["expires"] == .string(sooner))
        }
    }

    @Test("invalid fields are refused")
    func invalid() async throws {
        try await withTestServer { server in
            let past = Date().addingTimeInterval(-60).formatted(.iso8601)
            let many = (0...100).map { JSONValue.string("admin/\($0)") }
            let cases: [(JSONValue, status: Int, code: Int64)] = [
                (["name": .string(String(repeating: "a", count: 101))], 400, 90000), (["name": "a\nb"], 400, 90000),
                (["name": 1], 400, 90000), (["scope": "write"], 400, 90000), (["scope": "Full"], 400, 90000),
                (["projects": []], 400, 90000), (["projects": .array(many)], 400, 90000),
                (["projects": "admin/uploads"], 400, 90000), (["projects": ["admin"]], 400, 5005),
                (["projects": ["admin/none"]], 404, 3002), (["expires": "tomorrow"], 400, 90000),
                (["expires": .string(past)], 400, 90000), (["expires": "2999-01-01T00:00:00Z"], 400, 90000),
                ([1], 400, 90000),
            ]
            for (body, status, code) in cases {
                server.expectRefusal(try await server.api.call(.POST, "/tokens", body), status, code, "\(body)")
            }
            #expect(try await server.api.call(.GET, "/tokens").entries.count == 1)
        }
    }

    @Test("a token sees, and can revoke, only the user's tokens with no more rights than its own")
    func visibility() async throws {
        try await withTestServer { server in
            let admin = try #require(try await server.api.call(.GET, "/tokens").entries.first?.string("id"))
            let ada = try await server.addUser("ada")
            #expect(try await ada.call(.GET, "/tokens").entries.count == 1)
            server.expectRefusal(try await ada.call(.GET, "/tokens/\(admin)"), 404, 90003, "another user's")
            server.expectRefusal(try await ada.call(.DELETE, "/tokens/\(admin)"), 404, 90003, "another user's")
            let limited = try await Self.limited(server)
            #expect(try await limited.call(.GET, "/tokens").entries.count == 1)
            server.expectRefusal(try await limited.call(.GET, "/tokens/\(admin)"), 404, 90003, "more rights")
            server.expectRefusal(try await limited.call(.DELETE, "/tokens/\(admin)"), 404, 90003, "more rights")
            for id in ["none", "%00", "a%2Fb"] {
                let response = try await server.api.call(.DELETE, "/tokens/\(id)")
                #expect([400, 404].contains(response.status), "\(id)")
            }
            #expect(try await server.api.call(.GET, "/tokens").entries.count == 2)
            let page = try await server.api.call(.GET, "/tokens?limit=1&offset=1")
            #expect(page.headers["X-Total-Matching-Query"] == ["2"])
            #expect(try page.entries.count == 1 && page.pageLinks.keys.sorted() == ["prev"])
        }
    }

    @Test("a revoked token stops working immediately, even if it has revoked itself")
    func revoke() async throws {
        try await withTestServer { server in
            let created = try await server.api.call(.POST, "/tokens", ["name": "a"])
            let (id, client) = (try created.text("id"), server.client(token: try created.text("token")))
            #expect(try await client.call(.GET, "/user").status == 200)
            #expect(try await client.call(.DELETE, "/tokens/\(id)").status == 204)
            server.expectRefusal(try await client.call(.GET, "/user"), 401, 90001)
            server.expectRefusal(try await server.api.call(.DELETE, "/tokens/\(id)"), 404, 90003, "again")
            #expect(try await server.api.call(.GET, "/user").status == 200)
        }
    }

    @Test("a user has a limited number of tokens")
    func limit() async throws {
        try await withTestServer(arguments: ["--max-tokens-per-user", "2"]) { server in
            #expect(try await server.api.call(.POST, "/tokens").status == 201)
            server.expectRefusal(try await server.api.call(.POST, "/tokens"), 409, 90007)
        }
    }

    @Test("an expired token is refused like an unknown one, and its signed URLs stay valid")
    func expiry() async throws {
        let clock = TestClock()
        try await withTestServer(arguments: smallParts + ["--url-lifetime", "1d"], clock: clock) { server in
            let expires = clock.now.addingTimeInterval(7200).formatted(.iso8601)
            let created = try await server.api.call(.POST, "/tokens", ["expires": .string(expires)])
            let client = server.client(token: try created.text("token"))
            let upload = try await client.initialize("a.bin", size: 3)
            let url = try await client.partURL(upload, 1)
            clock.advance(by: .seconds(3600))
            #expect(try await client.call(.GET, "/user").status == 200)
            clock.advance(by: .seconds(3601))
            server.expectRefusal(try await client.call(.GET, "/user"), 401, 90001)
            let put = try await client.send(.PUT, url, .init(string: "abc"))
            #expect(put.status == 200)
            let etag = try #require(put.headers.first(name: "ETag"))
            #expect(try await server.api.report(upload, 1, .string(etag)).status == 200)
            let expired = try created.text("id")
            #expect(try await server.api.call(.GET, "/tokens/\(expired)").status == 200, "it is still listed")
            clock.advance(by: .seconds(31 * 86_400))
            _ = await server.runMaintenance()
            server.expectRefusal(try await server.api.call(.GET, "/tokens/\(expired)"), 404, 90003, "after a month")
        }
    }

    @Test("the day of last use is written by maintenance, once a day")
    func lastUse() async throws {
        let clock = TestClock()
        try await withTestServer(clock: clock) { server in
            func lastUsed() async throws -> JSONValue? {
                let tokens = try await server.withAccounts { try await $0.tokens(of: "admin") }
                return tokens.first?.usedOn.map { .string(String($0.formatted(.iso8601).prefix(10))) }
            }
            #expect(try await lastUsed() == nil)
            #expect(try await server.api.call(.GET, "/user").status == 200)
            #expect(try await lastUsed() == nil, "the request itself does not write it")
            var days: Set<JSONValue> = []
            for _ in 0..<2 {
                let today = JSONValue.string(String(clock.now.formatted(.iso8601).prefix(10)))
                #expect(try await server.api.call(.GET, "/user").status == 200)
                #expect(await server.runMaintenance().errors.isEmpty)
                let shown = try #require(try await lastUsed())
                #expect(shown == today)
                days.insert(shown)
                let listed = try await server.api.call(.GET, "/tokens")
                #expect(try listed.entries.first?["last_used"] == today)
                clock.advance(by: .seconds(86_400))
            }
            #expect(days.count == 2)
        }
    }
}
