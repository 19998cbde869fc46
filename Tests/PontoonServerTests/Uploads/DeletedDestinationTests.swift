import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Deletion of the destination of an open upload.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DeletedDestinationTests {
    /// Starts an upload of three bytes and sends them as one part, which is detached because it exceeds the part size.
    private func start(_ api: APIClient, _ place: [String: JSONValue], overwrite: Bool = false) async throws -> String {
        let body = place.merging(["name": "a.bin", "size": 3, "part_size": 2]) { $1 }
        let response = try await api.call(.POST, "/upload/multipart?overwrite=\(overwrite)", .object(body))
        let upload = try response.text("upload_id")
        try await api.store(upload, 1, ByteBuffer(string: "abc"))
        return upload
    }

    @Test("an upload into a deleted folder is rejected in the complete call and leaves no files or rows")
    func folder() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let folder = try await api.makeFolder("sub")
            let upload = try await start(api, ["parent": .string(folder)])
            #expect(try await api.call(.DELETE, "/files/\(folder)").status == 204)
            #expect(try server.unfinishedObjects() != [])
            server.expectRefusal(try await api.complete(upload), 404, 5026, "the folder was deleted")
            #expect(try server.unfinishedObjects() == [])
            #expect(try server.finishedObjects() == 0)
            server.expectRefusal(try await api.complete(upload), 404, 8003, "the upload was deleted")
            #expect(try await api.call(.GET, "/upload/multipart").entries == [])
        }
    }

    @Test("an upload into a deleted folder can be aborted")
    func abort() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let folder = try await api.makeFolder("sub")
            let upload = try await start(api, ["parent": .string(folder)])
            #expect(try await api.call(.DELETE, "/files/\(folder)").status == 204)
            #expect(try await api.call(.GET, "/upload/multipart/\(upload)")["parent"] == .string(folder))
            #expect(try await api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("deleting a project deletes its open uploads")
    func project() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let project = try await api.createProject("Gone")
            let folder = try await api.makeFolder("sub", project: project)
            let uploads = [
                try await start(api, ["project": .string(project)]), try await start(api, ["parent": .string(folder)]),
            ]
            let url = try await api.partURL(uploads[0], 2)
            #expect(try await api.call(.DELETE, "/projects/\(project)").status == 204)
            #expect(try server.unfinishedObjects() == [], "the space is freed immediately")
            for upload in uploads {
                server.expectRefusal(try await api.complete(upload), 404, 8003, "gone")
                server.expectRefusal(try await api.call(.GET, "/upload/multipart/\(upload)"), 404, 8003, "gone")
            }
            server.expectRefusal(try await api.send(.PUT, url, ByteBuffer(string: "d")), 404, 8003, "gone")
            #expect(try server.unfinishedObjects() == [])
            #expect(try await api.call(.GET, "/upload/multipart").entries == [])
        }
    }

    @Test(
        "a part that arrives for a deleted project is not acknowledged and leaves no files",
        arguments: [true, false]
    )
    func streaming(isSlot: Bool) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let project = try await api.createProject("Gone")
            let size = 1 << 20
            let started = try await api.call(
                .POST,
                "/upload/multipart",
                ["project": .string(project), "name": "a.bin", "part_size": .integer(isSlot ? 1 << 20 : 1 << 10)]
            )
            let url = try await api.partURL(try started.text("upload_id"), 1)
            let half = String(repeating: "x", count: size / 2)
            let request =
                "PUT \(try target(url)) HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\nConnection: close\r\n"
                + "Expect: 100-continue\r\n\r\n"
            let text = try await RawConnection.with(server) { connection in
                try await connection.write(request)
                return try await connection.readToEnd(after: "100 Continue\r\n\r\n") {
                    try await connection.write(half)
                    #expect(try await api.call(.DELETE, "/projects/\(project)").status == 204)
                    // The server may already have responded and closed the connection.
                    try? await connection.write(half)
                }
            }
            let response = try APIResponse(raw: String(text.dropFirst("HTTP/1.1 100 Continue\r\n\r\n".count)))
            server.expectRefusal(response, 404, 8003, "the part of a deleted upload")
            try await eventually("no unfinished object remains") { try server.unfinishedObjects().isEmpty }
            #expect(try server.finishedObjects() == 0)
        }
    }

    @Test("an overwriting upload completes although the file was deleted")
    func overwrittenFile() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let file = try await api.upload("a.bin", ByteBuffer(string: "old"))
            let upload = try await start(api, ["project": "admin/uploads"], overwrite: true)
            #expect(try await api.call(.DELETE, "/files/\(file)").status == 204)
            let completed = try await api.complete(upload)
            #expect(completed.status == 201)
            let new = try completed.text("id")
            #expect(try await api.download(new) == ByteBuffer(string: "abc"))
            #expect(try server.finishedObjects() == 1)
            #expect(try await api.call(.DELETE, "/files/\(new)").status == 204)
            server.expectRefusal(try await api.complete(upload), 404, 8003, "the completed file was deleted")
            #expect(try server.finishedObjects() == 0)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("completing while the destination is deleted leaves a consistent state", arguments: [true, false])
    func race(isProject: Bool) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            for round in 0..<8 {
                let project = try await api.createProject("Race \(round)")
                let folder = try await api.makeFolder("sub", project: project)
                let upload = try await start(api, ["parent": .string(folder)])
                async let deletion = api.call(.DELETE, isProject ? "/projects/\(project)" : "/files/\(folder)")
                async let completion = api.complete(upload)
                let (deleted, completed) = try await (deletion, completion)
                if completed.status == 201 {
                    #expect(deleted.status == 204 || deleted.code == 5021)
                } else {
                    #expect(deleted.status == 204)
                    let code = try #require(completed.code)
                    #expect([3002, 5026, 8003].contains(code), "\(String(buffer: completed.body))")
                    #expect(completed.status == 404)
                }
                let isKept = completed.status == 201 && deleted.status != 204
                #expect(try server.finishedObjects() == (isKept ? 1 : 0))
                #expect(try server.unfinishedObjects() == [])
                if isKept {
                    #expect(try await api.download(try completed.text("id")) == ByteBuffer(string: "abc"))
                    #expect(try await api.call(.DELETE, "/projects/\(project)").status == 204)
                }
            }
        }
    }
}
