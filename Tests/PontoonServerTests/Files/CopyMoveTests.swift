import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Copies, which share the bytes of the original, and moves, which keep the id.
@Suite(.timeLimit(.minutes(10)))
struct CopyMoveTests {
    @Test("a copy shares the original's bytes, which are deleted with the last file")
    func copySharesBytes() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let bytes = pseudoRandomBytes(seed: 1, count: 100_000)
            let original = try await api.upload("a.bin", bytes)
            try await api.perform(.PATCH, "/files/\(original)", ["metadata": ["k": "v"], "tags": ["t"]])
            let project = try await api.createProject("Other")
            let folder = try await api.makeFolder("sub")
            let elsewhere = try await api.copy(original, ["project": .string(project)])
            #expect(elsewhere.status == 200)
            #expect(elsewhere["project"] == .string(project))
            #expect(elsewhere["name"] == "a.bin")
            #expect(elsewhere["size"] == 100_000)
            #expect(elsewhere["metadata"] == ["k": "v"])
            #expect(elsewhere["tags"] == ["t"])
            let details = try await api.call(.GET, "/files/\(original)")
            #expect(elsewhere["checksums"] == details["checksums"])
            let below = try await api.copy(original, ["parent": .string(folder), "name": "b.bin"])
            #expect(below["parent"] == .string(folder))
            #expect(below["name"] == "b.bin")
            let copies = [try elsewhere.text("id"), try below.text("id")]
            #expect(Set(copies + [original]).count == 3)
            #expect(try server.finishedObjects() == 1, "a copy needs no further object")
            // A change of one file does not affect its copies.
            try await api.perform(.PATCH, "/files/\(copies[0])", ["name": "c.bin", "metadata": ["k": "w"]])
            #expect(try await api.call(.GET, "/files/\(original)")["metadata"] == ["k": "v"])
            for id in [original] + copies {
                let kept = try await api.download(id)
                #expect(kept == bytes)
                #expect(try await api.call(.DELETE, "/files/\(id)").status == 204)
                #expect(try server.finishedObjects() == (id == copies[1] ? 0 : 1))
            }
        }
    }

    @Test("after concurrent copies and deletions, remaining files are readable and no other objects are left")
    func copiesAgainstDeletions() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let bytes = pseudoRandomBytes(seed: 2, count: 10_000)
            var files = [try await api.upload("a.bin", bytes)]
            for round in 0..<5 {
                let sources = files
                files = try await withThrowingTaskGroup { group in
                    for (index, source) in sources.enumerated() {
                        for number in 0..<4 {
                            group.addTask {
                                let name = JSONValue.string("\(round)-\(index)-\(number)")
                                let copy = try await api.copy(source, ["project": "admin/uploads", "name": name])
                                if copy.status == 404 { return String?.none }
                                return try copy.text("id")
                            }
                        }
                        group.addTask {
                            let deleted = try await api.call(.DELETE, "/files/\(source)")
                            #expect(deleted.status == 204)
                            return nil
                        }
                    }
                    return try await group.reduce(into: []) { if let id = $1 { $0.append(id) } }
                }
                for file in files {
                    let kept = try await api.download(file)
                    #expect(kept == bytes)
                }
                #expect(try server.finishedObjects() == (files.isEmpty ? 0 : 1))
                if files.isEmpty { files = [try await api.upload("a.bin", bytes)] }
                files = Array(files.prefix(6))
            }
            let all = try await api.call(.GET, "/files?project=admin/uploads&limit=100").entries
            let ids = all.compactMap { $0["id"] }
            try await api.perform(.POST, "/bulk/files/delete", ["file_ids": .array(ids)])
            #expect(try server.finishedObjects() == 0)
        }
    }

    @Test("deleting a project keeps the bytes of a copy in another one")
    func copyOutlivesProject() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let bytes = pseudoRandomBytes(seed: 3, count: 1000)
            let project = try await api.createProject("Other")
            let original = try await api.upload("a.bin", bytes)
            let copy = try await api.copy(original, ["project": .string(project)]).text("id")
            #expect(try await api.call(.DELETE, "/projects/admin/uploads").status == 204)
            let kept = try await api.download(copy)
            #expect(kept == bytes)
            #expect(try await api.call(.DELETE, "/projects/\(project)").status == 204)
            #expect(try server.finishedObjects() == 0)
        }
    }

    @Test("many files are copied in one call, and taken names get a number")
    func copyMany() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let first = try await api.upload("a.bin", ByteBuffer(string: "1"))
            let second = try await api.upload("b.bin", ByteBuffer(string: "2"))
            let folder = try await api.makeFolder("sub")
            let body: JSONValue = [
                "project": "admin/uploads",
                "file_ids": [.string(first), "nope", .string(second), .string(folder), .string(first)],
            ]
            let response = try await api.call(.POST, "/action/files/copy", body)
            #expect(response.status == 200)
            #expect(try response.json.keys == [first, second, folder, "nope"])
            #expect(response[first]?["status"] == "OK")
            #expect(response[first]?["new_file_name"] == "1_a.bin")
            #expect(response[second]?["new_file_name"] == "1_b.bin")
            for (id, code) in [("nope", 5002), (folder, 5018)] as [(String, Int64)] {
                #expect(response[id]?["status"] == "ERROR")
                #expect(response[id]?["code"] == .integer(code))
                #expect(response[id]?.keys == ["code", "message", "more_info", "status"])
            }
            guard case .string(let copy) = response[first]?["new_file_id"] else {
                throw UnexpectedResponse(description: String(buffer: response.body))
            }
            #expect(try await api.download(copy) == ByteBuffer(string: "1"))
            let again = try await api.call(.POST, "/action/files/copy", body)
            #expect(again[first]?["new_file_name"] == "2_a.bin")
            #expect(try server.finishedObjects() == 2)
        }
    }

    @Test("a file is moved with its details, and a folder with its contents")
    func move() async throws {
        try await withTestServer(.live) { server in
            let api = server.api
            let bytes = pseudoRandomBytes(seed: 4, count: 1000)
            let file = try await api.upload("a.bin", bytes)
            let outer = try await api.makeFolder("outer")
            let inner = try await api.makeFolder("inner")
            let moved = try await api.move(file, ["parent": .string(inner), "name": "b.bin"])
            #expect(moved.status == 200)
            #expect(moved["id"] == .string(file))
            #expect(moved["parent"] == .string(inner))
            #expect(moved["name"] == "b.bin")
            let below = try await api.move(inner, ["parent": .string(outer)])
            #expect(below["parent"] == .string(outer))
            #expect(below["type"] == "folder")
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["outer"])
            #expect(try await api.listed("/files/\(outer)/list", "name") == ["inner"])
            #expect(try await api.listed("/files?parent=\(inner)", "name") == ["b.bin"])
            let kept = try await api.download(file)
            #expect(kept == bytes)
            let back = try await api.move(file, ["parent": .string(try await api.root())])
            #expect(back["name"] == "b.bin")
            #expect(try await api.listed("/files?project=admin/uploads", "name") == ["b.bin", "outer"])
            #expect(try server.finishedObjects() == 1)
        }
    }

    @Test("an upload into a moved folder completes at the folder's new location")
    func moveUnderUpload() async throws {
        try await withTestServer { server in
            let api = server.api
            let (outer, inner) = (try await api.makeFolder("outer"), try await api.makeFolder("inner"))
            let started = try await api.call(
                .POST,
                "/upload/multipart",
                ["parent": .string(inner), "name": "a.bin", "size": 3]
            )
            let upload = try started.text("upload_id")
            try await api.store(upload, 1, ByteBuffer(string: "abc"))
            #expect(try await api.move(inner, ["parent": .string(outer)]).status == 200)
            let completed = try await api.complete(upload)
            #expect(completed.status == 201)
            #expect(completed["parent"] == .string(inner))
            #expect(try await api.listed("/files/\(inner)/list", "name") == ["a.bin"])
        }
    }

    @Test("fields are selected as in other calls")
    func fields() async throws {
        try await withTestServer { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "1"))
            try await api.perform(.PATCH, "/files/\(file)", ["metadata": ["k": "v", "l": "w"]])
            let place: JSONValue = ["parent": .string(try await api.makeFolder("sub"))]
            let copy = try await api.call(.POST, "/files/\(file)/actions/copy?fields=id,metadata.k", place)
            #expect(try copy.json.keys == ["href", "id", "metadata"])
            #expect(copy["metadata"] == ["k": "v"])
            let id = try copy.text("id")
            let root: JSONValue = ["parent": .string(try await api.root()), "name": "b.bin"]
            let moved = try await api.call(.POST, "/files/\(id)/actions/move?fields=_all,!metadata", root)
            #expect(try moved.json.keys.contains("storage"))
            #expect(moved["metadata"] == nil)
        }
    }
}
