import Foundation
import NIOHTTP1
import PontoonClient
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// Files that `sync` must not delete or send.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct SyncSafetyTests {
    private let place = "admin/uploads/mirror"

    private func withClient<Value: Sendable>(
        _ server: ServerProcess,
        _ body: @Sendable (SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        let credentials = Credentials(
            endpoint: try Endpoint(server.endpoint),
            token: AuthToken(server.token),
            source: "the test"
        )
        return try await SevenBridgesClient.withClient(credentials, body)
    }

    /// Deletes files, and returns the names of the deleted files and the errors of all others, by name.
    private func delete(
        _ extras: [TreeSync.Extra],
        _ tree: TreeSync,
        in destination: UploadDestination?
    ) async throws -> (deleted: [String], errors: [String: ClientError]) {
        let outcomes = Mutex<[String: ClientError?]>([:])
        try await tree.delete(extras, in: try #require(destination)) { extra, error in
            outcomes.withLock { $0[extra.name] = .some(error as? ClientError) }
        }
        let all = outcomes.withLock { $0 }
        return (all.filter { $0.value == nil }.keys.sorted(), all.compactMapValues { $0 })
    }

    @Test("a file on the server that was moved, replaced or restored locally after the plan was made is not deleted")
    func changedOnServer() async throws {
        try await withPontoon { server, user in
            for name in ["deleted", "moved", "replaced", "restored", "stale", "kept"] {
                try user.makeFile("in/sub/\(name)", size: 10)
            }
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            for name in ["deleted", "moved", "replaced", "restored", "stale"] {
                try FileManager.default.removeItem(atPath: user.path("in/sub/\(name)"))
            }
            try await withClient(server) { client in
                var tree = TreeSync(client, folder: FilePath(user.path("in")))
                tree.findsExtras = true
                let (destination, _) = try await client.existingPart(of: try RemotePath(place))
                let plan = try await tree.planUpload(to: destination)
                #expect(plan.extras.count == 5)
                // Files change on both sides after the plan was made.
                #expect(try await user.run(["mkdir", place + "/archive"]).code == 0)
                let moved = try #require(plan.extras.first { $0.name == "sub/moved" }?.fileID)
                let archive = try await user.run(["stat", "--json", place + "/archive"])
                let folder = try #require(archive.all("file").first?.text("id"))
                _ = try await server.api.call(
                    .POST,
                    "/files/\(moved)/actions/move",
                    ["parent": .string(folder)]
                )
                try user.makeFile("other/replaced", size: 11)
                let sent = try await user.run(["upload", "--overwrite", user.path("other/replaced"), place + "/sub"])
                #expect(sent.code == 0, "\(sent)")
                try user.makeFile("in/sub/restored", size: 10)
                #expect(try await user.run(["files", "rm", place + "/sub/stale"]).code == 0)

                let (deleted, errors) = try await delete(plan.extras, tree, in: plan.place)
                #expect(deleted == ["sub/deleted", "sub/moved", "sub/stale"])
                #expect(errors.keys.sorted() == ["sub/replaced", "sub/restored"])
                #expect(errors.values.allSatisfy { $0.code == .fileChanged })
            }
            for name in ["archive/moved", "sub/replaced", "sub/restored", "sub/kept"] {
                #expect(try await user.run(["stat", place + "/" + name]).code == 0, "\(name)")
            }
            #expect(try await user.run(["stat", place + "/sub/deleted"]).code == 4)
        }
    }

    @Test("a local file that was changed since the plan was made, or that the server now has, is not deleted")
    func changedHere() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/a", size: 10)
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            for name in ["changed", "deleted", "uploaded", "empty/old"] { try user.makeFile("out/\(name)", size: 10) }
            try await withClient(server) { client in
                var tree = TreeSync(client, folder: FilePath(user.path("out")))
                tree.findsExtras = true
                let plan = try await tree.planDownload(of: try RemotePath(place))
                #expect(plan.extras.map(\.name) == ["changed", "deleted", "empty/old", "uploaded"])
                try user.makeFile("out/changed", size: 11)
                #expect(try await user.run(["upload", user.path("out/uploaded"), place]).code == 0)
                #expect(try await user.run(["mkdir", place + "/empty"]).code == 0)

                let (deleted, errors) = try await delete(plan.extras, tree, in: plan.place)
                #expect(deleted == ["deleted", "empty/old"])
                #expect(errors.keys.sorted() == ["changed", "uploaded"])
            }
            // The folder `empty` is kept, because it exists on the server.
            #expect(try user.names("out") == ["changed", "empty", "uploaded"])
        }
    }

    @Test("a local file is not deleted if a link makes it the target of a file on the server")
    func links() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/link/x", size: 10)
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            try user.makeFile("out/real/x", size: 10)
            try user.makeFile("out/real/y", size: 10)
            try FileManager.default.createSymbolicLink(atPath: user.path("out/link"), withDestinationPath: "real")
            let run = try await user.run(["sync", "--json", "--delete", place, user.path("out")])
            #expect(run.code == 0, "\(run)")
            #expect(run.all("deleted").compactMap { $0.text("name") } == ["real/y"], "\(run)")
            #expect(try user.bytes("out/real/x") == user.bytes("in/link/x"))
        }
    }

    @Test("with --files-from, patterns match paths below the synchronized folders, in both directions")
    func patterns() async throws {
        try await withPontoon { server, user in
            for name in ["runs/a", "runs/logs/b", "secret/key", "c"] { try user.makeFile("in/\(name)", size: 10) }
            let list = user.path("list")
            try Data("runs\nsecret/key\nc\n".utf8).write(to: URL(filePath: list))
            let filter = ["--files-from", list, "--exclude", "secret/", "--exclude", "/runs/logs"]
            let up = try await user.run(["sync", "--json", user.path("in"), place] + filter)
            #expect(up.code == 0, "\(up)")
            #expect(up.all("uploaded").compactMap { $0.text("name") }.sorted() == ["c", "runs/a"], "\(up)")
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            let down = try await user.run(["sync", "--json", place, user.path("out")] + filter)
            #expect(down.all("downloaded").compactMap { $0.text("name") }.sorted() == ["c", "runs/a"], "\(down)")
        }
    }

    @Test("--no-resume sends no file that is the same on the server")
    func noResume() async throws {
        try await withPontoon { server, user in
            for name in ["a", "b"] { try user.makeFile("in/\(name)", size: 10) }
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            try user.makeFile("in/b", size: 10, seed: 8)
            let plan = try await user.run(["sync", "--json", "--no-resume", "--dry-run", user.path("in"), place])
            #expect(plan.all("plan").compactMap { $0.text("action") } == ["already_there", "replace"], "\(plan)")
            let run = try await user.run(["sync", "--json", "--no-resume", user.path("in"), place])
            #expect(run.code == 0, "\(run)")
            #expect(run.all("already_there").compactMap { $0.text("name") } == ["a"], "\(run)")
            #expect(run.all("uploaded").compactMap { $0.text("name") } == ["b"], "\(run)")
        }
    }

    @Test("if a broken link prevents deletion, a warning contains its path")
    func reason() async throws {
        try await withPontoon { server, user in
            try user.makeFile("in/a", size: 10)
            #expect(try await user.run(["sync", user.path("in"), place]).code == 0)
            try user.makeFile("out/old", size: 10)
            try FileManager.default.createSymbolicLink(atPath: user.path("out/broken"), withDestinationPath: "none")
            let run = try await user.run(["sync", "--json", "--delete", place, user.path("out")])
            #expect(run.code == 1 && run.all("deleted").isEmpty, "\(run)")
            #expect(run.all("warning").contains { $0.text("message")?.contains("out/broken") == true }, "\(run)")
        }
    }
}
