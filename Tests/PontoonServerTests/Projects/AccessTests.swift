import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// What strangers and members with different permissions can see and do.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AccessTests {
    @Test("users see only themselves")
    func users() async throws {
        try await withTestServer { server in
            let other = try await server.addUser("other")
            for path in ["/user", "/user/", "/users/other"] {
                let response = try await other.call(.GET, path)
                #expect(response["username"] == "other")
                #expect(response["href"] == .string("\(server.endpoint)/users/other"))
                #expect(response["role"] == "MEMBER")
                #expect(response["tags"] == [])
                for name in ["email", "first_name", "last_name", "affiliation", "phone", "address", "city", "state"] {
                    #expect(try response.text(name).isEmpty)
                }
            }
            server.expectRefusal(try await other.call(.GET, "/users/admin"), 403, 2001, "other")
            #expect(try await server.api.call(.GET, "/users/other").status == 200, "an administrator")
            for name in ["nobody", "Other", "other%20"] {
                server.expectRefusal(try await other.call(.GET, "/users/\(name)"), 404, 2002, "\(name)")
            }
        }
    }

    /// Returns calls on another user's project: method, path, body, and the error code for a stranger.
    private func calls(_ file: String, _ folder: String, _ upload: String) -> [(HTTPMethod, String, JSONValue?, Int64)]
    {
        let report: JSONValue = ["part_number": 1, "response": ["headers": ["ETag": "x"]]]
        return [
            (.GET, "/projects/admin/uploads", nil, 3002), (.PATCH, "/projects/admin/uploads", ["name": "x"], 3002),
            (.DELETE, "/projects/admin/uploads", nil, 3002), (.GET, "/projects/admin/uploads/files", nil, 3002),
            (.GET, "/files?project=admin/uploads", nil, 3002), (.GET, "/files?parent=\(folder)", nil, 5002),
            (.GET, "/files/\(folder)/list", nil, 5002), (.GET, "/files/\(file)", nil, 5002),
            (.PATCH, "/files/\(file)", ["name": "x"], 5002), (.DELETE, "/files/\(file)", nil, 5002),
            (.GET, "/files/\(file)/metadata", nil, 5002), (.PATCH, "/files/\(file)/metadata", ["a": "b"], 5002),
            (.PUT, "/files/\(file)/metadata", ["a": "b"], 5002), (.PUT, "/files/\(file)/tags", ["a"], 5002),
            (.GET, "/files/\(file)/download_info", nil, 5002),
            (.POST, "/files", ["project": "admin/uploads", "name": "x", "type": "folder"], 3002),
            (.POST, "/files", ["parent": .string(folder), "name": "x", "type": "folder"], 5026),
            (.POST, "/upload/multipart", ["project": "admin/uploads", "name": "x"], 3002),
            (.POST, "/upload/multipart?overwrite=true", ["project": "admin/uploads", "name": "file"], 3002),
            (.POST, "/upload/multipart", ["parent": .string(folder), "name": "x"], 5026),
            (.GET, "/upload/multipart/\(upload)", nil, 8003), (.GET, "/upload/multipart/\(upload)/part/1", nil, 8003),
            (.POST, "/upload/multipart/\(upload)/part", report, 8003),
            (.POST, "/upload/multipart/\(upload)", ["parts": [report]], 8003),
            (.POST, "/upload/multipart/\(upload)/complete", [:], 8003),
            (.DELETE, "/upload/multipart/\(upload)", nil, 8003),
        ]
    }

    @Test("for a stranger, a project, its files and its uploads do not exist")
    func stranger() async throws {
        try await withEnduringServer { server in
            let stranger = try await server.addUser("stranger")
            let file = try await server.api.uploadSmall("file")
            let folder = try await server.api.makeFolder("folder")
            let upload = try await server.api.initialize("open", size: 3)
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            for (method, path, body, code) in calls(file, folder, upload) {
                server.expectRefusal(try await stranger.call(method, path, body), 404, code, "\(method) \(path)")
            }
            for path in ["/projects", "/projects/admin", "/upload/multipart"] {
                #expect(try await stranger.call(.GET, path).entries == [], "\(path)")
            }
            let mine = try await stranger.call(.POST, "/projects", ["name": "Mine"]).text("id")
            let own = try await stranger.uploadSmall("file", "own", project: mine)
            let bytes = try await stranger.download(own)
            #expect(bytes == ByteBuffer(string: "own"))
            server.expectRefusal(try await server.api.call(.GET, "/files/\(own)"), 404, 5002, "and vice versa")
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
        }
    }

    @Test("a read-only member gets 403 for changes and downloads")
    func reader() async throws {
        try await withEnduringServer { server in
            let reader = try await server.addUser("reader")
            let file = try await server.api.uploadSmall("file")
            let folder = try await server.api.makeFolder("folder")
            let upload = try await server.api.initialize("open", size: 3)
            try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            try await server.addMember("reader", of: "admin/uploads", rights: ["read"])
            let refusals: [Int64: Int64] = [3002: 3001, 5026: 5001, 5002: 5001, 8003: 8001]
            let special: [String: Int64] = [
                "PATCH /files/\(file)": 5008, "PATCH /files/\(file)/metadata": 5009,
                "PUT /files/\(file)/metadata": 5009,
                "PUT /files/\(file)/tags": 5011, "POST /files": 5001, "POST /upload/multipart": 8002,
                "POST /upload/multipart?overwrite=true": 8002,
            ]
            for (method, path, body, code) in calls(file, folder, upload) {
                let response = try await reader.call(method, path, body)
                if method == .GET, !path.hasSuffix("/download_info"), !path.hasPrefix("/upload") {
                    #expect(response.status == 200, "\(method) \(path)")
                    continue
                }
                let expected = special["\(method) \(path)"] ?? refusals[code] ?? 0
                server.expectRefusal(response, 403, expected, "\(method) \(path)")
            }
            let project = try await reader.call(.GET, "/projects/admin/uploads")
            #expect(
                project["permissions"]
                    == ["read": true, "copy": false, "write": false, "execute": false, "admin": false]
            )
            #expect(try await reader.call(.GET, "/projects").entries.count == 1)
            let kept = try await server.api.download(file)
            #expect(kept == ByteBuffer(string: "abc"))
        }
    }

    @Test("each permission allows only its own calls")
    func rights() async throws {
        try await withEnduringServer { server in
            let copier = try await server.addUser("copier")
            let writer = try await server.addUser("writer")
            let admin = try await server.addUser("second")
            let hidden = try await server.addUser("hidden")
            try await server.addMember("copier", of: "admin/uploads", rights: ["read", "copy"])
            try await server.addMember("writer", of: "admin/uploads", rights: ["read", "write"])
            try await server.addMember("second", of: "admin/uploads", rights: ["read", "copy", "write", "admin"])
            try await server.addHiddenMember("hidden", of: "admin/uploads")
            let file = try await server.api.uploadSmall("file")
            let bytes = try await copier.download(file)
            #expect(bytes == ByteBuffer(string: "abc"))
            let start: JSONValue = ["project": "admin/uploads", "name": "x"]
            server.expectRefusal(try await copier.call(.POST, "/upload/multipart", start), 403, 8002, "copy")

            let written = try await writer.uploadSmall("written")
            #expect(try await writer.call(.PATCH, "/files/\(written)", ["name": "renamed"]).status == 200)
            server.expectRefusal(try await writer.call(.GET, "/files/\(written)/download_info"), 403, 5001, "no copy")
            server.expectRefusal(try await writer.call(.DELETE, "/projects/admin/uploads"), 403, 3001, "no admin")

            let upload = try await writer.initialize("open", size: 3)
            server.expectRefusal(
                try await copier.call(.GET, "/upload/multipart/\(upload)"),
                403,
                8001,
                "another's upload"
            )
            #expect(try await admin.call(.GET, "/upload/multipart/\(upload)").status == 200)
            #expect(try await admin.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            server.expectRefusal(try await hidden.call(.GET, "/projects/admin/uploads"), 404, 3002, "no permission")
            server.expectRefusal(try await hidden.call(.GET, "/files/\(file)"), 404, 5002, "no permission")
        }
    }
}
