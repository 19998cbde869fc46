import Foundation
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// `pontoond uploads`, run while the server runs.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct UploadsCommandTests {
    @Test("uploads of all users are listed, and aborted by id or by conditions")
    func listAndAbort() async throws {
        try await withServer { server in
            let ada = try await server.addUser("ada")
            #expect(try await ada.call(.POST, "/projects", ["name": "Reads"]).status == 201)
            let first = try await server.api.initialize("first.bin", size: 10)
            let hers = try await ada.call(
                .POST,
                "/upload/multipart",
                ["project": "ada/reads", "name": "\u{202E}nib.\u{1F9EC}", "size": 20]
            ).text("upload_id")
            let table = try await server.administer("uploads", "ls").split(separator: "\n")
            #expect(table.count == 3 && table[0].hasPrefix("ID "))
            #expect(table[1].contains(first) && table[1].contains("admin/uploads") && table[1].hasSuffix("first.bin"))
            #expect(table[2].contains("ada/reads") && table[2].hasSuffix("<U+202E>nib.\u{1F9EC}"))
            let line = try await server.administer("uploads", "ls", "--user", "ada", "--json")
            let json = try JSONDecoder().decode([String: JSONValue].self, from: Data(line.utf8))
            #expect(json["id"] == .string(hers) && json["size"]?.integer == 20 && json["stored_bytes"]?.integer == 0)
            let old = try await server.administer("uploads", "ls", "--older-than", "1h")
            #expect(old.split(separator: "\n").count == 1)

            // `abort` needs --yes with conditions, does not accept both conditions and ids, and aborts nothing if an id
            // is wrong.
            for arguments in [["--user", "ada"], ["--user", "ada", "--yes", hers], [], [hers, "unknown"]] {
                _ = try await server.fail(arguments: ["uploads", "abort"] + arguments)
            }
            #expect(try await server.administer("uploads", "ls").split(separator: "\n").count == 3)
            #expect(try await server.administer("uploads", "abort", first).hasPrefix("Aborted \(first).\n"))
            let rest = try await server.administer("uploads", "abort", "--project", "ada/reads", "--yes")
            #expect(rest.hasSuffix("1 of 1 uploads aborted."))
            #expect(try await server.api.call(.GET, "/upload/multipart/\(first)").status == 404)
            #expect(try await ada.call(.GET, "/upload/multipart/\(hers)").status == 404)
        }
    }
}
