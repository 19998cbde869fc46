import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The list of users, which only administrators may read.
@Suite(.timeLimit(.minutes(10)))
struct UserListTests {
    @Test("an administrator can list all users by name, in pages, and filter them by role")
    func list() async throws {
        try await withTestServer { server in
            for name in ["bob", "Zoe", "ada"] { _ = try await server.addUser(name) }
            try await server.withUsers { users in
                try await users.setEmail(of: "bob", to: "Bob@example.org")
                try await users.disable("Zoe")
            }
            let all = try await server.api.call(.GET, "/users?division=lab&fields=_all")
            #expect(all.status == 200 && all.headers["X-Total-Matching-Query"] == ["4"])
            let admin = try await server.api.call(.GET, "/user")
            #expect(admin["role"] == "ADMIN")
            #expect(try all.entries.first { $0["username"] == "admin" } == admin.json)
            #expect(try all.entries.map { $0["username"] } == ["Zoe", "ada", "admin", "bob"])
            #expect(try all.entries.last?["email"] == "bob@example.org")
            let page = try await server.api.call(.GET, "/users?limit=1&offset=1&fields=username")
            let href = JSONValue.string("\(server.endpoint)/users/ada")
            #expect(try page.entries == [["href": href, "username": "ada"]])
            #expect(try page.pageLinks.keys.sorted() == ["next", "prev"])
            #expect(try await server.api.listed("/users?role=ADMIN", "username") == ["admin"])
            #expect(try await server.api.listed("/users?role=member", "username") == ["Zoe", "ada", "bob"])
            server.expectRefusal(try await server.api.call(.GET, "/users?role=GUEST"), 400, 90000)
            let bob = try await server.api.call(.GET, "/users/bob")
            #expect(bob.status == 200 && bob["role"] == "MEMBER")
            #expect(try all.entries.last == bob.json)
            server.expectRefusal(try await server.api.call(.GET, "/users/nobody"), 404, 2002)
        }
    }

    @Test("other users, and tokens that are limited to projects or to uploads, are refused")
    func refusals() async throws {
        try await withEnduringServer { server in
            let ada = try await server.addUser("ada")
            server.expectRefusal(try await ada.call(.GET, "/users"), 403, 2001)
            server.expectRefusal(try await ada.call(.GET, "/users/admin"), 403, 2001)
            let uploads = ProjectID(owner: "admin", shortName: "uploads")
            let rows: [(TokenRights, status: Int, code: Int64)] = [
                (TokenRights(scope: .full, projects: [uploads]), 403, 2001),
                (TokenRights(scope: .upload, projects: nil), 403, 90002),
                (TokenRights(scope: .read, projects: nil), 200, 0),
            ]
            for (rights, status, code) in rows {
                let token = try await server.createToken(for: "admin", TokenDetails(rights: rights))
                let response = try await server.client(token: token).call(.GET, "/users")
                if status == 200 {
                    #expect(response.status == 200)
                } else {
                    server.expectRefusal(response, status, code, "\(rights)")
                }
            }
            try await server.withUsers { try await $0.setAdministrator("ada", true) }
            try await eventually("ada is an administrator") { try await ada.call(.GET, "/users").status == 200 }
            #expect(try await ada.call(.GET, "/user")["role"] == "ADMIN")
            let project = try await ada.call(.GET, "/projects/admin/uploads")
            server.expectRefusal(project, 404, 3002, "other users' projects stay private")
            try await server.withUsers { users in
                try await users.setAdministrator("ada", false)
                try await users.add("robot", isService: true)
                try await expectRefusal(.badRequest) { try await users.setAdministrator("robot", true) }
                try await expectRefusal(.badRequest) {
                    try await users.add("robot2", isService: true, isAdministrator: true)
                }
                try await expectRefusal(.userNotFound) { try await users.setAdministrator("nobody", true) }
            }
            try await eventually("ada is no longer one") { try await ada.call(.GET, "/users").status == 403 }
        }
    }
}
