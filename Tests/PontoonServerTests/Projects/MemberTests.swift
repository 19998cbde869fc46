import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Calls on the members of projects.
@Suite(.timeLimit(.minutes(10)))
struct MemberTests {
    private static let members = "/projects/admin/uploads/members"

    @Test("a member has the fields that clients read")
    func shape() async throws {
        try await withTestServer { server in
            _ = try await server.addUser("ada")
            let body: JSONValue = ["username": "ada", "type": "USER", "permissions": ["read": true, "copy": true]]
            let added = try await server.api.call(.POST, Self.members, body)
            #expect(added.status == 201)
            let href = server.endpoint + Self.members + "/ada"
            let expected: JSONValue = [
                "href": .string(href), "id": "ada", "username": "ada", "email": "", "type": "USER",
                "permissions": [
                    "href": .string(href + "/permissions"), "read": true, "copy": true, "write": false,
                    "execute": false, "admin": false,
                ],
            ]
            #expect(try added.json == expected)
            let one = try await server.api.call(.GET, Self.members + "/ada/")
            #expect(try one.json == expected)
            let rights = try await server.api.call(.GET, Self.members + "/ada/permissions")
            #expect(rights["href"] == .string(href + "/permissions"))
            #expect(rightsShown(try rights.json) == ["read", "copy"])
            let chosen = try await server.api.call(.GET, Self.members + "/ada?fields=username,permissions.copy")
            #expect(
                try chosen.json == ["href": .string(href), "username": "ada", "permissions": ["copy": true]]
            )
        }
    }

    @Test("the list contains all members including the owner, by name and in pages")
    func list() async throws {
        try await withTestServer { server in
            for name in ["zoe", "bob", "ada"] {
                _ = try await server.addUser(name)
                try await server.api.addMember(name, of: "admin/uploads")
            }
            let all = try await server.api.call(.GET, Self.members)
            #expect(all.headers["X-Total-Matching-Query"] == ["4"])
            #expect(try await server.api.listed(Self.members) == ["ada", "admin", "bob", "zoe"])
            let second = try await server.api.call(.GET, Self.members + "?limit=2&offset=2")
            #expect(second.headers["X-Total-Matching-Query"] == ["4"])
            #expect(second.headers.first(name: "Link")?.contains("rel=\"prev\"") == true)
            #expect(try await server.api.listed(Self.members + "?limit=2&offset=2") == ["bob", "zoe"])
            server.expectRefusal(try await server.api.call(.GET, Self.members + "?limit=0"), 400, 90000)
            let names = try await server.api.call(.GET, Self.members + "?limit=1&fields=username")
            let item: JSONValue = ["href": .string(server.endpoint + Self.members + "/ada"), "username": "ada"]
            #expect(names["items"] == [item])
            server.expectRefusal(try await server.api.call(.GET, Self.members + "?limit=x"), 400, 90000)
        }
    }

    @Test("permissions that are not named are not granted, and admin includes all")
    func rightsAtFirst() async throws {
        let cases: [(permissions: JSONValue?, expected: Set<String>)] = [
            (nil, ["read"]), (.null, ["read"]), ([:], ["read"]), (["read": false], ["read"]),
            (["write": true, "copy": nil, "other": 1], ["read", "write"]),
            (["copy": true, "execute": true, "write": false], ["read", "copy", "execute"]),
            (["admin": true, "write": false], ["read", "copy", "write", "execute", "admin"]),
        ]
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            for (permissions, expected) in cases {
                var body: [String: JSONValue] = ["username": "ada"]
                body["permissions"] = permissions
                let added = try await server.api.call(.POST, Self.members, .object(body))
                #expect(rightsShown(added["permissions"]) == expected, "\(String(describing: permissions))")
                let project = try await ada.call(.GET, "/projects/admin/uploads")
                #expect(rightsShown(project["permissions"]) == expected, "\(String(describing: permissions))")
                let removed = try await server.api.call(.DELETE, Self.members + "/ada", [:])
                #expect(removed.status == 204)
                server.expectRefusal(try await ada.call(.GET, "/projects/admin/uploads"), 404, 3002)
            }
        }
    }

    @Test("PATCH merges permissions, and PUT replaces them")
    func changes() async throws {
        let steps: [(method: HTTPMethod, body: JSONValue, expected: Set<String>)] = [
            (.PATCH, ["write": true], ["read", "write"]),
            (.PATCH, ["copy": true, "write": nil, "admin": false], ["read", "write", "copy"]),
            (.PATCH, ["read": false, "write": false], ["read", "copy"]),
            (.PATCH, ["admin": true], ["read", "copy", "write", "execute", "admin"]),
            (.PATCH, ["execute": false], ["read", "copy", "write", "execute", "admin"]),
            (
                .PUT, ["read": false, "copy": false, "write": true, "execute": false, "admin": false],
                ["read", "write"]
            ),
        ]
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            try await server.api.addMember("ada", of: "admin/uploads")
            for (method, body, expected) in steps {
                let response = try await server.api.call(method, Self.members + "/ada/permissions", body)
                #expect(response.status == 200, "\(body)")
                #expect(response["href"] == .string("\(server.endpoint)\(Self.members)/ada/permissions"))
                #expect(rightsShown(try response.json) == expected, "\(body)")
                let kept = try await ada.call(.GET, Self.members + "/ada")
                #expect(rightsShown(kept["permissions"]) == expected, "\(body)")
            }
        }
    }

    @Test("invalid changes are rejected with their code and have no effect")
    func refusals() async throws {
        try await withTestServer { server in
            _ = try await server.addUser("ada")
            _ = try await server.addUser("bob")
            try await server.api.addMember("ada", of: "admin/uploads", [.copy])
            let before = try await server.api.call(.GET, Self.members)
            for (method, path, body, status, code) in Self.badMembers + Self.badRights {
                let response = try await server.api.call(method, path, body)
                server.expectRefusal(response, status, code, "\(method) \(path) \(String(describing: body))")
            }
            #expect(try await server.api.call(.GET, Self.members).json == before.json)
        }
    }

    @Test("no member can remove the owner or reduce the owner's permissions")
    func owner() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            try await server.api.addMember("ada", of: "admin/uploads", [.admin])
            let owner = Self.members + "/admin"
            for caller in [server.api, ada] {
                server.expectRefusal(try await caller.call(.DELETE, owner), 403, 3001)
                for body in [["write": false], ["read": false], ["copy": true, "admin": false]] as [JSONValue] {
                    let response = try await caller.call(.PATCH, owner + "/permissions", body)
                    server.expectRefusal(response, 403, 3001, "\(body)")
                }
                let nothing: JSONValue = [
                    "read": false, "copy": false, "write": false, "execute": false, "admin": false,
                ]
                server.expectRefusal(try await caller.call(.PUT, owner + "/permissions", nothing), 403, 3001)
                let harmless = try await caller.call(.PATCH, owner + "/permissions", ["write": true])
                #expect(rightsShown(try harmless.json).count == 5)
            }
            // An admin who is not the owner can remove this permission from their own membership, and leave.
            let demoted = try await ada.call(.PATCH, Self.members + "/ada/permissions", ["admin": false])
            #expect(rightsShown(try demoted.json) == ["read", "copy", "write", "execute"])
            let left = try await ada.call(.DELETE, Self.members + "/ada")
            #expect(left.status == 204)
        }
    }

    @Test("concurrent requests add a member only once")
    func race() async throws {
        try await withTestServer { server in
            _ = try await server.addUser("ada")
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<16 {
                    group.addTask { try await server.api.call(.POST, Self.members, ["username": "ada"]).status }
                }
                return try await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(statuses == [201: 1, 409: 15])
            #expect(try await server.api.listed(Self.members) == ["ada", "admin"])
        }
    }
}

// MARK: - Refusals

extension MemberTests {
    private typealias Refusal = (method: HTTPMethod, path: String, body: JSONValue?, status: Int, code: Int64)

    private static let ada = members + "/ada"
    private static let nobody = members + "/nobody"

    private static let badMembers: [Refusal] = [
        (.POST, members, nil, 400, 3005), (.POST, members, [:], 400, 3005), (.POST, members, [], 400, 3005),
        (.POST, members, ["username": ""], 400, 3005), (.POST, members, ["username": "  "], 400, 3005),
        (.POST, members, ["username": nil, "permissions": ["read": true]], 400, 3005),
        (.POST, members, ["username": "", "email": "ada@example.org"], 400, 3005),
        (.POST, members, ["username": "nobody"], 404, 2002), (.POST, members, ["username": "Bob"], 404, 2002),
        (.POST, members, ["email": "bob@example.org"], 404, 2002),
        (.POST, members, ["username": "ada", "permissions": ["admin": true]], 409, 3003),
        (.POST, members, ["username": "admin"], 409, 3003),
        (.POST, members, ["username": "bob", "type": "TEAM"], 400, 90000),
        (.POST, members, ["username": "bob", "type": "DIVISION"], 400, 90000),
        (.POST, members, ["username": 7], 400, 90000), (.POST, members, "bob", 400, 90000),
        (.POST, members, ["username": "bob", "permissions": "all"], 400, 90000),
        (.POST, members, ["username": "bob", "permissions": ["copy": "true"]], 400, 90000),
        (.POST, "/projects/admin/none/members", ["username": "bob"], 404, 3002),
        (.GET, "/projects/admin/none/members", nil, 404, 3002), (.GET, nobody, nil, 404, 3002),
        (.GET, members + "/bob", nil, 404, 3002), (.GET, members + "/bob/permissions", nil, 404, 3002),
        (.GET, members + "/%2Fada", nil, 404, 3002), (.GET, members + "/ada%00", nil, 400, 90000),
        (.GET, members + "/%ff", nil, 404, 90003),
        (.DELETE, nobody, nil, 404, 3002), (.DELETE, members + "/bob", nil, 404, 3002),
        (.PUT, members, [:], 405, 90006), (.PATCH, ada, [:], 405, 90006),
        (.DELETE, ada + "/permissions", nil, 405, 90006),
    ]

    private static let badRights: [Refusal] = [
        (.PATCH, ada + "/permissions", nil, 400, 3011), (.PATCH, ada + "/permissions", ["x": true], 400, 3011),
        (.PATCH, ada + "/permissions", ["write": 1], 400, 90000), (.PATCH, ada + "/permissions", 1, 400, 90000),
        (.PATCH, nobody + "/permissions", ["write": true], 404, 3002),
        (.PUT, ada + "/permissions", [:], 400, 3013),
        (
            .PUT, ada + "/permissions",
            ["read": true, "copy": true, "write": true, "execute": true, "admin": nil], 400, 3013
        ),
    ]
}
