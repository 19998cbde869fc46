import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Refusals of batches of part infos, with status and code.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PartBatchErrorTests {
    @Test("an initialize call with an invalid number of part infos starts no upload", arguments: UploadRoot.allCases)
    func badWish(root: UploadRoot) async throws {
        try await withEnduringServer { server in
            let fields = try await root.fields(server.api)
            let bad: [JSONValue] = [
                -1, .integer(.min), .number(1.5), .number(1e300), "1", "", true, false, [], [1], [:],
            ]
            for requested in bad {
                let response = try await server.api.start(root, "a", size: 1, requested: requested, fields)
                server.expectRefusal(response, 400, 8013, "\(requested)")
                #expect(try response.text("message").contains("part_infos"), "\(requested)")
            }
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("the batch call rejects invalid ranges of parts", arguments: UploadRoot.allCases)
    func badQuery(root: UploadRoot) async throws {
        try await withEnduringServer { server in
            let started = try await server.api.start(
                root,
                "a",
                size: 1,
                requested: nil,
                try await root.fields(server.api)
            )
            let path = "\(root.path)/\(try started.text("upload_id"))/part_infos"
            let numbers = [
                "", "0", "10001", "-1", "+1", "%2B1", "1.0", "1.5", "1e2", "0x1", "abc", "1%00", "%EF%BC%91", "true",
                "9223372036854775808", String(repeating: "9", count: 3000),
            ]
            for number in numbers {
                for query in ["?from=\(number)", "?count=3&from=\(number)", "?from=\(number)&from=1&count=x"] {
                    let response = try await server.api.call(.GET, path + query)
                    server.expectRefusal(response, 400, 8012, "\(query.prefix(40))")
                }
            }
            for count in ["", "0", "-1", "1.0", "1.5", "1e2", "abc", "1%00", "true", "99999999999999999999"] {
                let response = try await server.api.call(.GET, "\(path)?from=1&count=\(count)")
                server.expectRefusal(response, 400, 90000, "\(count)")
            }
            let beyond = try await server.api.call(.GET, "\(path)?from=2")
            #expect(try beyond.partInfos().isEmpty)
            for method: HTTPMethod in [.POST, .PUT, .DELETE, .PATCH] {
                let response = try await server.api.call(method, path)
                server.expectRefusal(response, 405, 90006, "\(method)")
                #expect(response.headers["Allow"] == ["GET, HEAD"])
            }
        }
    }

    @Test("a missing, finished or foreign upload is refused with code 8003", arguments: UploadRoot.allCases)
    func gone(root: UploadRoot) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let api = server.api
            let fields = try await root.fields(api)
            func refused(_ upload: String, _ status: Int, _ code: Int64, _ root: UploadRoot) async throws {
                let response = try await api.call(.GET, "\(root.path)/\(upload)/part_infos?from=1&count=1")
                server.expectRefusal(response, status, code, "\(upload)")
            }
            try await refused("none", 404, 8003, root)
            try await refused("%00", 400, 90000, root)
            try await refused("", 400, 8011, root)
            let aborted = try await api.start(root, "aborted", size: 1, partInfos: 1, fields)
            let id = try aborted.text("upload_id")
            try await refused(id, 404, 8003, root == .files ? .packages : .files)
            #expect(try await api.call(.DELETE, "\(root.path)/\(id)").status == 204)
            try await refused(id, 404, 8003, root)
            let url = try #require(try aborted.partInfos().first?.url)
            server.expectRefusal(try await api.send(.PUT, url, ByteBuffer(string: "x")), 404, 8003, "its URL")
            let completed = try await api.start(root, "completed", size: 1, partInfos: 1, fields)
            let put = try await api.send(
                .PUT,
                try #require(try completed.partInfos().first?.url),
                ByteBuffer(string: "x")
            )
            let report = partReport(1, try #require(put.headers.first(name: "ETag")))
            let path = "\(root.path)/\(try completed.text("upload_id"))"
            #expect(try await api.call(.POST, "\(path)/complete", ["parts": [report]]).status == 201)
            try await refused(try completed.text("upload_id"), 404, 8003, root)
        }
    }

    @Test("an expired upload has no part infos")
    func expired() async throws {
        try await withTestServer { server in
            let upload = try await server.api.start(.files, "a", size: 1, partInfos: 1).text("upload_id")
            #expect(await server.runMaintenance().expired == [])
            server.clock.advance(by: .seconds(8 * 24 * 3600))
            #expect(await server.runMaintenance().expired == [upload])
            let response = try await server.api.call(.GET, "/upload/multipart/\(upload)/part_infos")
            server.expectRefusal(response, 404, 8003, "expired")
        }
    }

    @Test("only the initiator and admins get part infos, and a token is required")
    func others() async throws {
        try await withEnduringServer { server in
            let (rosalind, stranger) = (try await server.addUser("rosalind"), try await server.addUser("stranger"))
            let new: JSONValue = ["username": "rosalind", "permissions": ["write": true]]
            let added = try await server.api.call(.POST, "/projects/admin/uploads/members", new)
            #expect(added.status == 201)
            let mine = try await server.api.start(.files, "mine", size: 1, partInfos: 1).text("upload_id")
            let hers = try await rosalind.start(.files, "hers", size: 1, partInfos: 1).text("upload_id")
            let package = try await server.api.start(
                .packages,
                "package",
                size: 1,
                partInfos: 1,
                try await UploadRoot.packages.fields(server.api)
            ).text("upload_id")
            func path(_ upload: String) -> String { "/upload/multipart/\(upload)/part_infos" }
            server.expectRefusal(try await rosalind.call(.GET, path(mine)), 403, 8001, "another member")
            server.expectRefusal(try await stranger.call(.GET, path(mine)), 404, 8003, "a stranger")
            let packagePath = "\(packageUploads)/\(package)/part_infos"
            server.expectRefusal(try await rosalind.call(.GET, packagePath), 404, 8003, "another's package")
            for caller in [rosalind, server.api] {
                let response = try await caller.call(.GET, path(hers))
                #expect(try response.partInfos().count == 1)
            }
            for token in [nil, "wrong"] {
                let nobody = server.client(token: token)
                for path in [path(mine), packagePath] {
                    server.expectRefusal(try await nobody.call(.GET, path), 401, 90001, "\(token ?? "no token")")
                }
            }
            let demoted = try await server.api.call(
                .PATCH,
                "/projects/admin/uploads/members/rosalind/permissions",
                ["write": false]
            )
            #expect(demoted.status == 200)
            server.expectRefusal(try await rosalind.call(.GET, path(hers)), 403, 8001, "no longer a writer")
        }
    }
}
