import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Calls on `/v2/projects`.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ProjectCallTests {
    @Test("a new project has all fields, and an id derived from its name")
    func create() async throws {
        try await withTestServer { server in
            let group = UUID().uuidString.lowercased()
            let body: JSONValue = [
                "name": "My Project_1! äé", "description": "text", "tags": ["b", "a"], "billing_group": .string(group),
                "settings": ["locked": true, "deep": ["x": [1, 2]]], "type": "v1", "unknown": 5,
            ]
            let made = try await server.api.call(.POST, "/projects", body)
            #expect(made.status == 201)
            #expect(made["id"] == "admin/my-project-1-")
            #expect(made["href"] == .string("\(server.endpoint)/projects/admin/my-project-1-"))
            let expected: [String: JSONValue] = [
                "name": "My Project_1! äé", "description": "text", "tags": ["b", "a"], "billing_group": .string(group),
                "settings": ["locked": true, "deep": ["x": [1, 2]]], "type": "v2", "created_by": "admin",
                "category": "PRIVATE", "owner": "admin",
                "permissions": ["read": true, "copy": true, "write": true, "execute": true, "admin": true],
            ]
            for (name, value) in expected { #expect(made[name] == value, "\(name)") }
            #expect(try made.text("root_folder").count == 24)
            #expect(try made.text("created_on") == made.text("modified_on"))
            #expect(made.headers["X-Total-Matching-Query"] == [])
            let got = try await server.api.call(.GET, "/projects/admin/my-project-1-")
            #expect(try got.json == made.json)

            let bare = try await server.api.call(.POST, "/projects", ["name": "x", "tags": nil, "billing_group": nil])
            #expect(bare.status == 201)
            #expect(UUID(uuidString: try bare.text("billing_group")) != nil, "the Python client requires it")
        }
    }

    @Test("a taken short name gets a number, and an empty one becomes 'project'")
    func shortNames() async throws {
        try await withTestServer { server in
            let names = [
                ("Same", "same"), ("same", "same_1"), ("SAME!", "same_2"), ("日本", "project"), ("本", "project_1"),
                ("a/b", "ab"), ("..", "project_2"), ("Uploads", "uploads_1"),
            ]
            for (name, short) in names {
                let made = try await server.api.call(.POST, "/projects", ["name": .string(name)])
                #expect(made["id"] == .string("admin/\(short)"), "\(name)")
                #expect(made["name"] == .string(name))
            }
            let other = try await server.addUser("other")
            #expect(try await other.call(.POST, "/projects", ["name": "Same"])["id"] == "other/same")
            let at = try await withThrowingTaskGroup { group in
                for _ in 1...8 { group.addTask { try await server.api.call(.POST, "/projects", ["name": "At once"]) } }
                return try await group.reduce(into: Set<String>()) { $0.insert(try $1.text("id")) }
            }
            #expect(at == Set(["admin/at-once"] + (1...7).map { "admin/at-once_\($0)" }))
        }
    }

    @Test("invalid fields are rejected")
    func badFields() async throws {
        let rows: [(JSONValue, Int64)] = [
            ([:], 3007), (["name": nil], 3007), (["name": ""], 3007), (["name": " \t"], 3007), (["name": 5], 90000),
            (["name": ["a"]], 90000), (["name": "a", "description": 5], 90000), (["name": "a", "tags": "x"], 90000),
            (["name": "a", "tags": [[5]]], 90000), (["name": "a", "settings": "x"], 90000),
            (["name": "a", "billing_group": "x"], 90000), (["name": "a", "billing_group": ""], 90000),
            (["name": "a\u{0}"], 90000),
        ]
        try await withTestServer { server in
            for (body, code) in rows {
                server.expectRefusal(try await server.api.call(.POST, "/projects", body), 400, code, "\(body)")
            }
            for (body, code) in rows where body != [:] && body != ["name": nil] {
                let response = try await server.api.call(.PATCH, "/projects/admin/uploads", body)
                server.expectRefusal(response, 400, code, "PATCH \(body)")
            }
            let list = try await server.api.call(.GET, "/projects")
            #expect(list.headers["X-Total-Matching-Query"] == ["1"])
            server.expectRefusal(try await server.api.call(.GET, "/projects/admin%2Fuploads"), 400, 3012)
            for (method, path) in [(HTTPMethod.GET, ""), (.PATCH, ""), (.DELETE, ""), (.GET, "/files")] {
                for id in ["admin/nothing", "Admin/uploads", "nobody/uploads"] {
                    let body: JSONValue? = method == .PATCH ? [:] : nil
                    let response = try await server.api.call(method, "/projects/\(id)\(path)", body)
                    server.expectRefusal(response, 404, 3002, "\(method) \(id)\(path)")
                }
                for id in ["admin/uploads%2Fx", "admin%2Fx/uploads"] {
                    let body: JSONValue? = method == .PATCH ? [:] : nil
                    let response = try await server.api.call(method, "/projects/\(id)\(path)", body)
                    server.expectRefusal(response, 400, 3012, "\(method) \(id)\(path)")
                }
            }
        }
    }

    @Test("a change keeps the id and unnamed fields", arguments: [HTTPMethod.PATCH, .PUT])
    func update(method: HTTPMethod) async throws {
        try await withTestServer { server in
            let made = try await server.api.call(
                .POST,
                "/projects",
                ["name": "Old", "description": "d", "tags": ["t"]]
            )
            let path = "/projects/\(try made.text("id"))"
            let changes: [([String: JSONValue], [String: JSONValue])] = [
                (["name": "New"], ["name": "New", "description": "d", "tags": ["t"]]),
                (["tags": ["x", "y"]], ["name": "New", "tags": ["x", "y"]]),
                (["tags": []], ["tags": [], "description": "d"]),
                (["description": ""], ["description": "", "name": "New"]),
                (["description": "e", "name": nil], ["description": "e", "name": "New"]),
                (["settings": ["a": 1]], ["settings": ["a": 1]]), ([:], ["name": "New", "description": "e"]),
            ]
            for (change, expected) in changes {
                let response = try await server.api.call(method, path, .object(change))
                #expect(response.status == 200, "\(change)")
                #expect(response["id"] == "admin/old")
                for (name, value) in expected { #expect(response[name] == value, "\(change): \(name)") }
                let got = try await server.api.call(.GET, path)
                #expect(try got.json == response.json)
            }
        }
    }

    @Test("the list is newest first and can be filtered by owner, part of the name and tags")
    func list() async throws {
        try await withTestServer { server in
            let projects: [(String, [JSONValue])] = [
                ("Alpha One", ["red", "blue"]), ("alpha TWO", ["red"]), ("100%_done", ["a b"]), ("Ärger", ["red"]),
            ]
            for (name, tags) in projects {
                let body: JSONValue = ["name": .string(name), "tags": .array(tags)]
                #expect(try await server.api.call(.POST, "/projects", body).status == 201)
            }
            let rows: [(String, Set<String>)] = [
                ("", ["Uploads", "Alpha One", "alpha TWO", "100%_done", "Ärger"]),
                ("?name=ALPHA", ["Alpha One", "alpha TWO"]),
                ("?name=a+o", ["Alpha One"]), ("?name=%C3%84RG", ["Ärger"]), ("?name=%25", ["100%_done"]),
                ("?name=_", ["100%_done"]), ("?name=nothing", []), ("?tags=red", ["Alpha One", "alpha TWO", "Ärger"]),
                ("?tags=red,blue", ["Alpha One"]), ("?tags=red&tags=blue", ["Alpha One"]), ("?tags=Red", []),
                ("?tags=a+b", ["100%_done"]), ("?tags=red&name=two", ["alpha TWO"]),
                ("/admin?tags=red&name=two", ["alpha TWO"]),
                ("/nobody", []), ("?unknown=x&category=PRIVATE&name=a+one", ["Alpha One"]),
            ]
            for (query, expected) in rows {
                let response = try await server.api.call(.GET, "/projects\(query)")
                let items = try response.entries
                #expect(Set(items.compactMap { $0.string("name") }) == expected, "\(query)")
                #expect(response.headers["X-Total-Matching-Query"] == ["\(expected.count)"], "\(query)")
                for item in items {
                    let keys = ["href", "id", "name", "created_by", "category", "created_on", "modified_on"]
                    #expect(item.keys == Set(keys), "\(query)")
                }
            }
            let all = try await server.api.call(.GET, "/projects?fields=_all&name=alpha+one").entries
            #expect(all.first?.keys.isSuperset(of: ["tags", "permissions", "billing_group", "root_folder"]) == true)
            let few = try await server.api.call(.GET, "/projects?fields=id,nothing&limit=1").entries
            #expect(few.first?.keys == ["href", "id"])
        }
    }

    @Test("deleting a project removes only its own files and uploads, including their bytes on the disk")
    func delete() async throws {
        try await withEnduringServer { server in
            let kept = try await server.api.upload("kept.bin", ByteBuffer(string: "kept"))
            let id = try await server.api.call(.POST, "/projects", ["name": "gone"]).text("id")
            var files: [String] = []
            var downloads: [String] = []
            for name in ["a", "b"] {
                let body: JSONValue = ["project": .string(id), "name": .string(name), "size": 3]
                let upload = try await server.api.call(.POST, "/upload/multipart", body).text("upload_id")
                try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
                let file = try await server.api.complete(upload).text("id")
                files.append(file)
                downloads.append(try await server.api.call(.GET, "/files/\(file)/download_info").text("url"))
            }
            let folder: JSONValue = ["project": .string(id), "name": "folder", "type": "folder"]
            files.append(try await server.api.call(.POST, "/files", folder).text("id"))
            let open: JSONValue = ["project": .string(id), "name": "open", "size": 1_000_000]
            let upload = try await server.api.call(.POST, "/upload/multipart", open).text("upload_id")
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let url = try await server.api.partURL(upload, 2)
            #expect(try server.finishedObjects() == 3)

            let deleted = try await server.api.call(.DELETE, "/projects/\(id)", [:])
            #expect(deleted.status == 204)
            #expect(deleted.body.readableBytes == 0)
            server.expectRefusal(try await server.api.call(.GET, "/projects/\(id)"), 404, 3002, "the project")
            server.expectRefusal(try await server.api.call(.DELETE, "/projects/\(id)"), 404, 3002, "again")
            for file in files {
                server.expectRefusal(try await server.api.call(.GET, "/files/\(file)"), 404, 5002, "a file")
            }
            for url in downloads { server.expectRefusal(try await server.api.send(.GET, url), 404, 5002, "a download") }
            server.expectRefusal(try await server.api.complete(upload), 404, 8003, "its upload")
            server.expectRefusal(try await server.api.send(.PUT, url, ByteBuffer(string: "x")), 404, 8003, "its part")
            let uploads = try await server.api.call(.GET, "/upload/multipart")
            #expect(uploads["items"] == [])
            #expect(try server.unfinishedObjects() == [])
            #expect(try server.finishedObjects() == 1)
            let bytes = try await server.api.download(kept)
            #expect(bytes == ByteBuffer(string: "kept"))
            let again = try await server.api.call(.POST, "/projects", ["name": "gone"])
            #expect(again["id"] == .string(id), "the id can be used again")
        }
    }
}
