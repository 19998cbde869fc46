import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// `pontoond usage` and `pontoon usage`, run while the server runs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UsageCommandTests {
    /// Adds the user ada with a project, an unfinished upload of 500 bytes and a quota, and stores 3 bytes as admin.
    ///
    /// - Returns: A client that calls the API as ada.
    private static func fill(_ server: ServerProcess) async throws -> APIClient {
        let ada = try await server.addUser("ada")
        #expect(try await ada.call(.POST, "/projects", ["name": "Reads"]).status == 201)
        let body: JSONValue = ["project": "ada/reads", "name": "a", "size": 500]
        #expect(try await ada.call(.POST, "/upload/multipart", body).status == 200)
        _ = try await server.api.uploadSmall("b", "abc")
        try await server.administer("quota", "set", "user", "ada", "--bytes", "1000", "--uploads", "7")
        return ada
    }

    @Test("an administrator sees the usage and quotas of all users and projects, most stored bytes first")
    func administrator() async throws {
        try await withServer { server in
            _ = try await Self.fill(server)
            let blocks = try await server.administer("usage").split(separator: "\n\n")
            try #require(blocks.count == 3)
            func cells(_ block: Substring) -> [[Substring]] {
                block.split(separator: "\n").map { $0.split(separator: " ") }
            }
            #expect(
                cells(blocks[0]) == [
                    ["USER", "STORED", "RESERVED", "QUOTA", "FILES", "FILE-QUOTA", "UPLOADS", "UPLOAD-QUOTA"],
                    ["admin", "3", "0", "-", "1", "-", "0", "-"], ["ada", "0", "500", "1000", "0", "-", "1", "7"],
                ]
            )
            #expect(
                cells(blocks[1]).dropFirst() == [
                    ["admin/uploads", "admin", "3", "0", "-", "1", "-", "0", "-"],
                    ["ada/reads", "ada", "0", "500", "-", "0", "-", "1", "-"],
                ]
            )
            #expect(blocks[2].hasPrefix("Free space for uploads: ") && blocks[2].hasSuffix(" bytes."))
        }
    }

    @Test("the output is limited to a user or a project, and is also available as JSON")
    func selection() async throws {
        try await withServer { server in
            _ = try await Self.fill(server)
            func lines(_ arguments: String...) async throws -> [JSONValue] {
                try await server.administer(arguments: ["usage", "--json"] + arguments).split(separator: "\n")
                    .map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
            }
            let user: JSONValue = [
                "kind": "user", "id": "ada", "stored_bytes": 0, "reserved_bytes": 500, "files": 0, "open_uploads": 1,
                "quota": ["bytes": 1000, "open_uploads": 7],
            ]
            let project: JSONValue = [
                "kind": "project", "id": "ada/reads", "owner": "ada", "stored_bytes": 0, "reserved_bytes": 500,
                "files": 0, "open_uploads": 1, "quota": [:],
            ]
            #expect(try await lines("--user", "ada") == [user, project])
            #expect(try await lines("--project", "ada/reads") == [project])
            let all = try await lines()
            #expect(all.map { $0.string("kind") } == ["user", "user", "project", "project", "disk"])
            #expect(all.last?["free_bytes"]?.integer ?? 0 > 0)
            let table = try await server.administer("usage", "--project", "ada/reads").split(separator: "\n")
            #expect(table.count == 2 && table[0].hasPrefix("PROJECT") && table[1].hasPrefix("ada/reads"))

            for arguments in [
                ["--user", "nobody"], ["--project", "ada/none"], ["--project", "none"],
                ["--user", "ada", "--project", "ada/reads"],
            ] {
                _ = try await server.fail(arguments: ["usage"] + arguments)
            }
        }
    }

    @Test("the client shows users their own usage and the usage of their projects")
    func client() async throws {
        try await withPontoon { server, user in
            let ada = try await Self.fill(server)
            var hers = user
            hers.environment["SB_AUTH_TOKEN"] = ada.token
            let text = try await hers.run(["usage"])
            #expect(
                text.code == 0
                    && text.output == """
                        user ada  0 B stored  500 B reserved  quota 1000 B  0 files  1 unfinished upload (quota 7)
                        project ada/reads  0 B stored  500 B reserved  no quota  0 files  1 unfinished upload
                        """,
                "\(text)"
            )
            let json = try await user.run(["usage", "--json"])
            #expect(json.code == 0, "\(json)")
            let mine = try #require(json.all("user").first)
            #expect(mine.text("id") == "admin" && mine.number("stored_bytes") == 3 && mine.number("files") == 1)
            #expect(mine.number("quota_bytes") == nil && json.all("project").count == 1)

            // With a token that is limited to a project, the sum of all projects is not shown.
            let token = try await server.administer("token", "create", "ada", "--project", "ada/reads")
            hers.environment["SB_AUTH_TOKEN"] = token
            let limited = try await hers.run(["usage", "--json"])
            #expect(limited.all("user").isEmpty && limited.all("project").count == 1, "\(limited)")
        }
    }
}
