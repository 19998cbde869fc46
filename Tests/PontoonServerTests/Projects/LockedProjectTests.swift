import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// The project setting `locked`.
///
/// `PermissionTests` covers more of the calls that are refused in a locked project.
@Suite(.timeLimit(.minutes(10)))
struct LockedProjectTests {
    private static let home = "/projects/admin/uploads"
    private static let lock: JSONValue = ["settings": ["locked": true, "a": 1]]

    @Test("only admins can lock and unlock a project, and all members who may write can change its other details")
    func whoLocks() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let writer = try await server.addUser("writer")
            try await server.api.addMember("writer", of: "admin/uploads", [.write])
            server.expectRefusal(try await writer.call(.PATCH, Self.home, Self.lock), 403, 3001)
            #expect(try await writer.call(.PATCH, Self.home, ["settings": ["locked": false]]).status == 200)
            let locked = try await server.api.call(.PATCH, Self.home, Self.lock)
            #expect(locked.status == 200 && locked["settings"] == ["locked": true, "a": 1])
            let changes: [(JSONValue, Int)] = [
                (["description": "d"], 200), (["settings": ["locked": true]], 200),
                (["settings": ["locked": false]], 403), (["settings": [:]], 403), (["settings": ["locked": nil]], 403),
                (["name": "New"], 200),
            ]
            for (change, status) in changes {
                let response = try await writer.call(.PATCH, Self.home, change)
                #expect(response.status == status, "\(change)")
                if status == 403 { #expect(response.code == 3001, "\(change)") }
            }
            #expect(try await writer.call(.GET, Self.home)["settings"] == ["locked": true])
            #expect(try await server.api.call(.PATCH, Self.home, ["settings": [:]]).status == 200)
            _ = try await writer.uploadSmall("unlocked")
        }
    }

    @Test("a value of the lock other than true or false is refused")
    func types() async throws {
        try await withTestServer { server in
            for value: JSONValue in ["true", 1, [], [:]] {
                let settings: JSONValue = ["name": "x", "settings": ["locked": value]]
                server.expectRefusal(try await server.api.call(.PATCH, Self.home, settings), 400, 90000, "\(value)")
                server.expectRefusal(try await server.api.call(.POST, "/projects", settings), 400, 90000, "\(value)")
            }
            let nested: JSONValue = ["settings": ["a": ["locked": true], "locked": false]]
            #expect(try await server.api.call(.PATCH, Self.home, nested).status == 200)
            _ = try await server.api.uploadSmall("not locked")
        }
    }

    @Test("file puts, archive puts, copies into the project, senders and jobs are also refused")
    func otherCalls() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let api = server.api
            let file = try await api.uploadSmall("kept")
            let other = try await api.createProject("Other")
            let outside = try await api.uploadSmall("outside", project: other)
            let link = try await api.createLink()
            let sender = try await api.sender(of: link)
            let sent = try await sender.initializeAsSender("open", size: 3).text("upload_id")
            try await api.perform(.PATCH, Self.home, Self.lock)
            let before = try await api.call(.GET, "/files?project=admin/uploads&fields=_all").entries

            server.expectRefusal(try await api.putFile("a", ByteBuffer(string: "a")), 403, 8002)
            server.expectRefusal(try await api.putArchive(ByteBuffer(repeating: 0, count: 1024)).response, 403, 8002)
            server.expectRefusal(try await api.copy(outside, ["project": "admin/uploads"]), 403, 5014)
            let many: JSONValue = ["project": "admin/uploads", "file_ids": [.string(outside)]]
            server.expectRefusal(try await api.call(.POST, "/action/files/copy", many), 403, 5014)
            let newLink: JSONValue = ["project": "admin/uploads", "name": "n"]
            server.expectRefusal(try await api.call(.POST, "/upload_links", newLink), 403, 3001)
            server.expectRefusal(try await sender.initializeAsSender("new", size: 3), 403, 8002)
            server.expectRefusal(try await sender.call(.GET, "/upload/multipart/\(sent)/part/1"), 403, 8001)
            let into: JSONValue = ["file": .string(outside), "project": "admin/uploads"]
            let away: JSONValue = ["file": .string(file), "project": .string(other)]
            server.expectRefusal(try await api.submitJob(.copy, [into]), 403, 57431)
            server.expectRefusal(try await api.submitJob(.move, [into]), 403, 57431)
            server.expectRefusal(try await api.submitJob(.move, [away]), 403, 57431)
            server.expectRefusal(try await api.submitJob(.delete, [["file": .string(file)]]), 403, 57431)
            for action in ["delete", "update", "edit"] {
                let body: JSONValue =
                    action == "delete"
                    ? ["file_ids": [.string(file)]] : ["items": [["id": .string(file), "name": "renamed"]]]
                let items = try await api.call(.POST, "/bulk/files/\(action)", body).entries
                #expect(items.first?["error"]?["status"] == 403, "\(action)")
            }
            #expect(try await api.call(.GET, "/files?project=admin/uploads&fields=_all").entries == before)

            // Calls that leave the files of the project unchanged are still allowed.
            #expect(try await api.submitJob(.copy, [away]).status == 201)
            #expect(try await api.copy(file, ["project": .string(other)]).status == 200)
            #expect(try await api.download(file) == ByteBuffer(string: "abc"))
            #expect(try await sender.call(.DELETE, "/upload/multipart/\(sent)").status == 204)
            #expect(try await api.call(.GET, "/upload_links?project=admin/uploads").status == 200)
            #expect(try await api.call(.DELETE, "/upload_links/\(link.id)").status == 204)
        }
    }

    @Test("a project can be created locked, and the message of a refusal gives the reason")
    func created() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let project = try await server.api.createProject("Frozen", extra: ["settings": ["locked": true]])
            let body: JSONValue = ["project": .string(project), "name": "a", "size": 0]
            server.expectRefusal(try await server.api.call(.POST, "/upload/multipart", body), 403, 8002)
            let message = try await server.api.call(.POST, "/upload/multipart", body).text("message")
            #expect(message == "Project \(project) is locked; an admin can unlock it in its settings.")
        }
    }
}
