import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Projects with several members.
@Suite(.timeLimit(.minutes(10)))
struct SharedProjectTests {
    @Test("lists are filtered by owner, name, tags and category, newest first, in pages")
    func list() async throws {
        try await withTestServer { server in
            let ada = try await server.addUser("ada")
            let shared = try await ada.createProject("Étude 100%", extra: ["tags": ["x"]])
            try await ada.addMember("admin", of: shared)
            _ = try await ada.createProject("Hidden")
            _ = try await server.api.createProject("Exomes", extra: ["tags": ["x", "y"]])
            let cases: [(query: String, expected: Set<String>)] = [
                ("", ["admin/uploads", "admin/exomes", "ada/tude-100"]), ("/admin", ["admin/uploads", "admin/exomes"]),
                ("/ada", ["ada/tude-100"]), ("/Ada", []), ("/nobody", []), ("/%20%3F", []),
                ("?name=EXO", ["admin/exomes"]), ("?name=%C3%89TUDE", ["ada/tude-100"]),
                ("?name=%25", ["ada/tude-100"]),
                ("?name=o", ["admin/uploads", "admin/exomes"]), ("?name=_", []),
                ("?tags=x", ["admin/exomes", "ada/tude-100"]), ("?tags=x,y", ["admin/exomes"]),
                ("?tags=x&tags=y", ["admin/exomes"]), ("?tags=X", []), ("/ada?tags=x&name=tude", ["ada/tude-100"]),
                ("?category=PRIVATE&name=exo", ["admin/exomes"]), ("?category=PUBLIC", []),
            ]
            for (query, expected) in cases {
                #expect(Set(try await server.api.listed("/projects\(query)")) == expected, "\(query)")
                let response = try await server.api.call(.GET, "/projects\(query)")
                #expect(response.headers["X-Total-Matching-Query"] == ["\(expected.count)"], "\(query)")
                let again = try await server.api.call(
                    .GET,
                    String(try response.text("href").dropFirst(server.endpoint.count))
                )
                #expect(try again.json == response.json, "\(query)")
            }
            let pages = try await server.api.listed("/projects?limit=2&offset=1")
            #expect(pages == ["ada/tude-100", "admin/uploads"])
        }
    }

    @Test("deleting a project deletes its files, folders, open uploads and members, and frees its disk space")
    func delete() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let ada = try await server.addUser("ada")
            let project = try await server.api.createProject("Doomed")
            try await server.api.addMember("ada", of: project, [.write])
            let folderBody: JSONValue = ["name": "folder", "type": "folder", "project": .string(project)]
            let folder = try await server.api.call(.POST, "/files", folderBody).text("id")
            let place: [String: JSONValue] = ["project": nil, "parent": .string(folder)]
            let bytes = pseudoRandomBytes(seed: 3, count: 1000)
            let whole = try await ada.initialize("whole", size: 1000, extra: place)
            try await ada.store(whole, 1, bytes)
            let file = try await ada.complete(whole).text("id")
            let open = try await ada.initialize("open", size: 2000, extra: place)
            try await ada.store(open, 1, bytes)
            let url = try await ada.partURL(open, 2)
            let kept = try await server.api.upload("kept", bytes)
            #expect(try await server.api.call(.DELETE, "/projects/\(project)", [:]).status == 204)

            server.expectRefusal(try await server.api.call(.GET, "/projects/\(project)"), 404, 3002)
            server.expectRefusal(try await server.api.call(.DELETE, "/projects/\(project)"), 404, 3002)
            for id in [file, folder] { server.expectRefusal(try await ada.call(.GET, "/files/\(id)"), 404, 5002) }
            for path in ["", "/part/2"] {
                server.expectRefusal(try await ada.call(.GET, "/upload/multipart/\(open)\(path)"), 404, 8003)
            }
            server.expectRefusal(try await ada.complete(open), 404, 8003)
            let late = try await ada.send(.PUT, url, bytes)
            #expect([403, 404].contains(late.status))
            #expect(try await ada.listed("/upload/multipart", "upload_id") == [])
            #expect(try await ada.listed("/projects") == [])
            #expect(try server.unfinishedObjects() == [])
            #expect(try server.finishedObjects() == 1)
            #expect(try await server.api.download(kept) == bytes)
            // The name is free again, and a new project inherits nothing from the first.
            #expect(try await server.api.createProject("Doomed") == project)
            #expect(try await server.api.listed("/files?project=\(project)") == [])
            server.expectRefusal(try await ada.call(.GET, "/projects/\(project)"), 404, 3002)
        }
    }
}
