import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Details, changes and deletion of single files and folders.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FileCallTests {
    private static let badNames = ["", ".", "..", "a/b", "a\u{0}", "a\n", String(repeating: "a", count: 256)]

    @Test("a file is renamed unless the name is invalid or taken")
    func rename() async throws {
        try await withEnduringServer { server in
            let file = try await server.api.uploadSmall("a", "first")
            let other = try await server.api.uploadSmall("b", "second")
            _ = try await server.api.makeFolder("folder")
            for method in [HTTPMethod.PATCH, .PUT] {
                for name in Self.badNames {
                    let response = try await server.api.call(method, "/files/\(file)", ["name": .string(name)])
                    server.expectRefusal(response, 400, 5024, "\(name.debugDescription)")
                }
                for name in ["b", "folder"] {
                    let response = try await server.api.call(method, "/files/\(file)", ["name": .string(name)])
                    server.expectRefusal(response, 409, 5003, "\(name)")
                }
                for body: JSONValue in [["name": 5], ["tags": "x"], ["tags": [[5]]], ["metadata": "x"], ["name": [:]]] {
                    server.expectRefusal(
                        try await server.api.call(method, "/files/\(file)", body),
                        400,
                        90000,
                        "\(body)"
                    )
                }
                let names = ["a", "A", "ä b+c%", "a", String(repeating: "é", count: 255), "a"]
                for name in names {
                    let response = try await server.api.call(
                        method,
                        "/files/\(file)",
                        ["name": .string(name), "size": 9]
                    )
                    #expect(response.status == 200, "\(name)")
                    #expect(response["name"] == .string(name))
                    #expect(response["id"] == .string(file))
                    #expect(response["size"] == 5)
                }
            }
            let unknown = try await server.api.call(.PATCH, "/files/000000000000000000000000", ["name": "x"])
            server.expectRefusal(unknown, 404, 5002, "unknown")
            for (id, text) in [(file, "first"), (other, "second")] {
                let bytes = try await server.api.download(id)
                #expect(bytes == ByteBuffer(string: text))
            }
        }
    }

    @Test("one call changes name, tags and metadata, but no other field")
    func update() async throws {
        try await withTestServer { server in
            let file = try await server.api.uploadSmall("a")
            let changes: [([String: JSONValue], [String: JSONValue])] = [
                (
                    ["name": "b", "tags": ["x"], "metadata": ["k": "1", "l": "2"]],
                    ["name": "b", "tags": ["x"], "metadata": ["k": "1", "l": "2"]]
                ),
                (["metadata": ["k": nil, "m": "3"]], ["metadata": ["l": "2", "m": "3"], "tags": ["x"], "name": "b"]),
                (["tags": []], ["tags": [], "metadata": ["l": "2", "m": "3"]]),
                (
                    ["tags": nil, "name": nil, "metadata": nil],
                    ["tags": [], "metadata": ["l": "2", "m": "3"], "name": "b"]
                ),
                ([:], ["name": "b"]),
            ]
            for (change, expected) in changes {
                let response = try await server.api.call(.PATCH, "/files/\(file)", .object(change))
                #expect(response.status == 200, "\(change)")
                for (name, value) in expected { #expect(response[name] == value, "\(change) \(name)") }
                let got = try await server.api.call(.GET, "/files/\(file)")
                #expect(try got.json == response.json)
            }
            let bad = try await server.api.call(.PATCH, "/files/\(file)", ["name": "c", "metadata": ["k": ["x"]]])
            server.expectRefusal(bad, 400, 5006, "metadata")
            let kept = try await server.api.call(.GET, "/files/\(file)")
            #expect(kept["name"] == "b", "a refused change changes nothing")
        }
    }

    @Test("a deleted file is also removed from the disk")
    func delete() async throws {
        try await withEnduringServer { server in
            let file = try await server.api.upload("a", pseudoRandomBytes(seed: 3, count: 1 << 20))
            let kept = try await server.api.uploadSmall("b", "kept")
            let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
            #expect(try server.finishedObjects() == 2)
            let deleted = try await server.api.call(.DELETE, "/files/\(file)", [:])
            #expect(deleted.status == 204)
            #expect(deleted.body.readableBytes == 0)
            #expect(try server.finishedObjects() == 1)
            let calls: [(HTTPMethod, String, JSONValue?)] = [
                (.GET, "", nil), (.DELETE, "", nil), (.PATCH, "", ["name": "x"]), (.GET, "/metadata", nil),
                (.PATCH, "/metadata", ["a": "b"]), (.PUT, "/metadata", ["a": "b"]), (.PUT, "/tags", ["a"]),
                (.GET, "/download_info", nil), (.GET, "/list", nil),
            ]
            for id in [file, "000000000000000000000000", "x", "..%2F..%2Fetc"] {
                for (method, path, body) in calls {
                    let response = try await server.api.call(method, "/files/\(id)\(path)", body)
                    server.expectRefusal(response, 404, 5002, "\(method) \(id)\(path)")
                }
            }
            server.expectRefusal(try await server.api.send(.GET, url), 404, 5002, "its URL")
            let bytes = try await server.api.download(kept)
            #expect(bytes == ByteBuffer(string: "kept"))
            let again = try await server.api.uploadSmall("a", "new")
            #expect(again != file)
        }
    }

    @Test("folders are created, nested, listed and, if empty, deleted")
    func folders() async throws {
        try await withEnduringServer { server in
            let body: JSONValue = ["project": "admin/uploads", "name": "f", "type": "FOLDER"]
            let made = try await server.api.call(.POST, "/files", body)
            #expect(made.status == 201)
            #expect(made["type"] == "folder")
            #expect(made["size"] == nil)
            let folder = try made.text("id")
            let inner = try await server.api.makeFolder("f", in: folder)
            let file = try await server.api.uploadSmall("a", in: inner)
            let details = try await server.api.call(.GET, "/files/\(file)")
            #expect(details["parent"] == .string(inner))
            for id in [folder, inner] {
                server.expectRefusal(try await server.api.call(.DELETE, "/files/\(id)"), 400, 5021, "not empty")
            }
            for id in [file, inner, folder] {
                let deleted = try await server.api.call(.DELETE, "/files/\(id)")
                #expect(deleted.status == 204)
            }
            let root = try await server.api.call(.GET, "/projects/admin/uploads").text("root_folder")
            let kept = try await server.api.call(.DELETE, "/files/\(root)")
            #expect([400, 403].contains(kept.status), "a project's root folder cannot be deleted")
            let list = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(try list.entries == [])
        }
    }

    @Test("invalid folders are rejected")
    func badFolders() async throws {
        try await withEnduringServer { server in
            let folder = try await server.api.makeFolder("folder")
            let file = try await server.api.uploadSmall("file")
            var rows: [([String: JSONValue], Int, Int64)] = [
                (["type": nil], 400, 5012), (["type": "file"], 400, 5012), (["type": ""], 400, 5012),
                (["type": 5], 400, 90000), (["name": nil], 400, 5024), (["name": 5], 400, 90000),
                (["name": "__x"], 400, 5024), (["name": "__"], 400, 5024), (["project": nil], 400, 5029),
                (["parent": .string(folder)], 400, 5031), (["project": "x"], 400, 5005), (["project": ""], 400, 5005),
                (["project": "admin/nothing"], 404, 3002), (["project": nil, "parent": "x"], 404, 5026),
                (["project": nil, "parent": .string(file)], 400, 5022), (["name": "folder"], 409, 5030),
            ]
            rows += Self.badNames.map { (["name": .string($0)], 400, 5024) }
            for (change, status, code) in rows {
                let body = ["project": "admin/uploads", "name": "f", "type": "folder"].merging(change) { $1 }
                let response = try await server.api.call(.POST, "/files", .object(body))
                server.expectRefusal(response, status, code, "\(change)")
            }
            let taken: JSONValue = ["project": "admin/uploads", "name": "file", "type": "folder"]
            let response = try await server.api.call(.POST, "/files", taken)
            #expect(response.status == 409)
            #expect(response.code == 5003 || response.code == 5030)
            let path = "/files/\(folder)"
            let calls: [(HTTPMethod, String, JSONValue?, Int64)] = [
                (.PATCH, path, ["name": "x"], 5023), (.PUT, path, ["name": "x"], 5023),
                (.PATCH, "\(path)/metadata", ["a": "b"], 5025), (.PUT, "\(path)/metadata", ["a": "b"], 5025),
                (.PUT, "\(path)/tags", ["a"], 5027), (.GET, "\(path)/download_info", nil, 5017),
            ]
            for (method, path, body, code) in calls {
                server.expectRefusal(try await server.api.call(method, path, body), 400, code, "\(method) \(path)")
            }
            let list = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(try list.entryNames.sorted() == ["file", "folder"])
        }
    }
}
