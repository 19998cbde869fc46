import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Users that an operator disables, removes or changes while the server runs, service users, and leaving a project.
@Suite(.timeLimit(.minutes(10)))
struct UserTests {
    @Test("a disabled user's tokens and links stop working within a second, and work again once the user is enabled")
    func disable() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let ada = try await server.addUser("ada")
            try await server.addMember("ada", of: "admin/uploads", rights: ["read", "copy", "write"])
            let upload = try await ada.initialize("a.bin", size: 6, partSize: 3)
            try await ada.store(upload, 1, ByteBuffer(string: "abc"))
            let url = try await ada.partURL(upload, 2)
            let link = try await ada.createLink()
            let sender = try await server.api.sender(of: link)
            try await server.withUsers { try await $0.disable("ada") }
            try await eventually("the token is refused") { try await ada.call(.GET, "/user").status == 401 }
            server.expectRefusal(try await ada.call(.GET, "/upload/multipart/\(upload)"), 401, 90001)
            server.expectRefusal(try await ada.call(.POST, "/tokens"), 401, 90001)
            server.expectRefusal(try await sender.call(.GET, "/upload_links/session"), 401, 90001)
            server.expectRefusal(try await server.api.signIn(link.secret), 410, 90003)
            #expect(try await server.api.call(.GET, "/upload_links/\(link.id)")["state"] == "disabled")
            let put = try await ada.send(.PUT, url, ByteBuffer(string: "def"))
            #expect(put.status == 200, "signed URLs stay valid until they expire")
            #expect(try await server.api.call(.GET, "/user").status == 200)
            try await server.withUsers { try await $0.enable("ada") }
            try await eventually("the token is accepted") { try await ada.call(.GET, "/user").status == 200 }
            try await ada.store(upload, 2, ByteBuffer(string: "def"))
            let file = try await ada.complete(upload)
            #expect(file.status == 201)
            #expect(try await ada.download(try file.text("id")) == ByteBuffer(string: "abcdef"))
            #expect(try await sender.call(.GET, "/upload_links/session").status == 200)
        }
    }

    @Test("a removed user's projects are deleted with their bytes")
    func removeWithProjects() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let ada = try await server.addUser("ada")
            let project = try await ada.createProject("Hers")
            _ = try await ada.uploadSmall("finished", project: project)
            let open = try await ada.call(.POST, "/upload/multipart", ["project": .string(project), "name": "open"])
                .text("upload_id")
            try await ada.store(open, 1, ByteBuffer(string: "abc"))
            let kept = try await server.api.uploadSmall("kept")
            try await ada.addMember("admin", of: project, [.read])
            let limited = try await server.api.call(.POST, "/tokens", ["projects": [.string(project)]]).text("id")
            var revoked: [RevokedToken] = []
            try await server.withUsers { users in
                try await expectRefusal(.badRequest) { try await users.remove("ada", projects: .refuse) }
                try await users.remove("ada", projects: .delete) { revoked += $0 }
                try await expectRefusal(.userNotFound) { try await users.remove("ada", projects: .delete) }
            }
            #expect(revoked == [RevokedToken(id: limited, userName: "admin")])
            try await eventually("the token is refused") { try await ada.call(.GET, "/user").status == 401 }
            _ = await server.runMaintenance()
            #expect(try server.finishedObjects() == 1)
            #expect(try server.unfinishedObjects() == [])
            #expect(try await server.api.download(kept) == ByteBuffer(string: "abc"))
        }
    }

    @Test("a removed user's projects are given to another user, and all ids stay the same")
    func removeAndGive() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let ada = try await server.addUser("ada")
            let project = try await ada.createProject("Hers")
            let file = try await ada.uploadSmall("finished", project: project)
            try await server.withUsers { users in
                try await users.add("bot", isService: true)
                for heir in ["ada", "bot"] {
                    try await expectRefusal(.badRequest) { try await users.remove("ada", projects: .give(to: heir)) }
                }
                try await expectRefusal(.userNotFound) { try await users.remove("ada", projects: .give(to: "x")) }
                try await users.remove("ada", projects: .give(to: "admin"))
            }
            #expect(try await server.api.listed("/projects/admin").contains(project))
            #expect(try await server.api.call(.GET, "/projects/\(project)")["owner"] == "admin")
            #expect(try await server.api.download(file) == ByteBuffer(string: "abc"))
            let members = "/projects/\(project)/members"
            #expect(try await server.api.listed(members) == ["admin"])
            let left = try await server.api.call(.DELETE, "\(members)/admin")
            server.expectRefusal(left, 403, 3001, "the new owner cannot leave")
            // A new user with the same name does not own the project.
            let other = try await server.addUser("ada")
            server.expectRefusal(try await other.call(.GET, "/projects/\(project)"), 404, 3002)
            try await server.api.addMember("ada", of: project, [.admin])
            #expect(try await server.api.call(.DELETE, "\(members)/ada").status == 204)
        }
    }

    @Test("a member is added by the email address that an operator has set, which the API shows only to the user")
    func email() async throws {
        try await withTestServer { server in
            try await server.withUsers { users in
                try await users.add("ada", email: "Ada.L@Example.org")
                try await users.add("bob")
                try await expectRefusal(.userExists) { try await users.setEmail(of: "bob", to: "ADA.L@example.org") }
                try await expectRefusal(.userNotFound) { try await users.setEmail(of: "nobody", to: "n@example.org") }
                let tooLong = String(repeating: "a", count: 251) + "@b.c"
                for bad in ["", "@", "a@", "@b", "a@b@c", "a b@c", "a@b\n", "a@b\0", tooLong] {
                    try await expectRefusal(.badRequest) { try await users.setEmail(of: "bob", to: bad) }
                }
            }
            let members = "/projects/admin/uploads/members"
            for unknown in ["bob@example.org", "", "a\0@b"] {
                let response = try await server.api.call(.POST, members, ["email": .string(unknown)])
                #expect([400, 404].contains(response.status), "\(unknown.debugDescription)")
            }
            let added = try await server.api.call(
                .POST,
                members,
                ["email": "ada.L@EXAMPLE.org", "permissions": ["copy": true]]
            )
            #expect(added.status == 201 && added["username"] == "ada" && added["email"] == "")
            let again = try await server.api.call(.POST, members, ["email": "ada.l@example.org"])
            server.expectRefusal(again, 409, 3003)
            let ada = server.client(token: try await server.createToken(for: "ada"))
            #expect(try await ada.call(.GET, "/user")["email"] == "ada.l@example.org")
            try await server.withUsers { try await $0.setEmail(of: "ada", to: nil) }
            try await eventually("the address is removed") { try await ada.call(.GET, "/user")["email"] == "" }
            server.expectRefusal(
                try await server.api.call(.POST, members, ["email": "ada.l@example.org"]),
                404,
                2002
            )
        }
    }

    @Test("the only user cannot be removed")
    func onlyUser() async throws {
        try await withTestServer { server in
            for projects in [UserAdministration.OwnedProjects.delete, .give(to: "x")] {
                await #expect(throws: PontoonError.self) {
                    try await server.withUsers { try await $0.remove("admin", projects: projects) }
                }
            }
            let kept = try await server.api.call(.GET, "/projects/admin/uploads")
            #expect(kept.status == 200)
        }
    }

    @Test("a service user uploads to projects of other users, and owns nothing")
    func serviceUser() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            try await server.withUsers { try await $0.add("bot", isService: true) }
            let bot = server.client(token: try await server.createToken(for: "bot"))
            server.expectRefusal(try await bot.call(.POST, "/projects", ["name": "Mine"]), 403, 90002)
            let automation = try await bot.call(.POST, "/automation/automations", ["name": "Mine"])
            server.expectRefusal(automation, 403, 90002)
            try await server.addMember("bot", of: "admin/uploads", rights: ["read", "write"])
            let file = try await bot.uploadSmall("from the bot")
            #expect(try await server.api.download(file) == ByteBuffer(string: "abc"))
        }
    }

    @Test("a member can leave a project, but cannot remove other members")
    func leave() async throws {
        try await withTestServer { server in
            let (ada, bob) = (try await server.addUser("ada"), try await server.addUser("bob"))
            let members = "/projects/admin/uploads/members"
            for name in ["ada", "bob"] { try await server.api.addMember(name, of: "admin/uploads") }
            server.expectRefusal(try await ada.call(.DELETE, "\(members)/bob"), 403, 3001, "another member")
            server.expectRefusal(try await ada.call(.DELETE, "\(members)/admin"), 403, 3001, "the owner")
            #expect(try await ada.call(.DELETE, "\(members)/ada").status == 204)
            server.expectRefusal(try await ada.call(.DELETE, "\(members)/ada"), 404, 3002, "again")
            #expect(try await ada.listed("/projects") == [])
            #expect(try await bob.listed("/projects") == ["admin/uploads"])
            server.expectRefusal(try await server.api.call(.DELETE, "\(members)/admin"), 403, 3001, "the owner stays")
        }
    }
}
