import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// `pontoond migrate`, with PostgreSQL and S3 servers.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd, .needsPostgreSQL))
struct MigrateTests {
    private static let part = 5 << 20

    @Test(
        "all data is kept, with its ids and tokens",
        arguments: StoreChoice.allCases.filter { $0 != .sqliteAndDisk }
    )
    func everything(_ choice: StoreChoice) async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let before = try await fill(data)
            let stores = try await TestStores(choice)
            // The second command finds the stores as if the first one had been killed after its last write.
            for _ in 1...2 { #expect(try await migrate(data, to: stores).status == .exited(0)) }
            let other = try await migrate(data, to: try await TestStores(choice))
            #expect(other.status == .exited(1) && other.errors.contains("already migrated"), "\(other.errors)")
            let options = ServerOptions(data: choice.usesFolder ? data : folder.appending("none"), stores: stores)
            try await withServer(options) { server in
                let api = APIClient(origin: server.origin, token: before.token)
                for (id, bytes) in before.files { #expect(try await api.download(id) == bytes) }
                #expect(try await api.complete(before.completed).text("id") == before.files[0].id)
                #expect(try await api.listed("/files?project=admin/uploads", "name") == ["0", "1", "2", "folder"])
                // The migrated servers accept new uploads.
                let file = try await api.upload("after", pseudoRandomBytes(seed: 99, count: Self.part + 1))
                #expect(try await api.call(.GET, "/files/\(file)").status == 200)
                // Cursors remain valid, and no event is lost.
                let cursor = try #require(before.events.first?.cursor)
                let events = try await api.events(after: cursor).events
                #expect(Array(events.dropLast(2)) == Array(before.events.dropFirst()))
                #expect(events.last?.subject == "files/\(file)")
            }
            if choice.usesPostgreSQL {
                let old = try await runServer(["--data", data.string, "--listen", "127.0.0.1:0"])
                old.expectRefusal("'metadata'", "migrated")
            } else {
                let old = try await runServer(["--data", data.string, "--listen", "127.0.0.1:0"])
                old.expectRefusal("'objects'", "s3://")
            }
        }
    }

    @Test("a migration that is killed repeatedly resumes and succeeds")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let before = try await fill(data, files: 9)
            let stores = try await TestStores(.postgreSQLAndS3)
            // Each kill comes later than the previous one, so the migration finishes even on a slow machine.
            var (pause, kills, hasEnded) = (Duration.milliseconds(100), 0, false)
            while !hasEnded {
                let ended = try await migrate(data, to: stores, killedAfter: pause)
                hasEnded = ended.status == .exited(0)
                // `timeout` exits with 137 after it has killed the command.
                try #require(hasEnded || ended.status == .exited(137), "\(ended.status): \(ended.errors)")
                if !hasEnded { (pause, kills) = (pause * 1.4, kills + 1) }
            }
            #expect(kills > 0)
            try await withServer(ServerOptions(data: folder.appending("none"), stores: stores)) { server in
                let api = APIClient(origin: server.origin, token: before.token)
                for (id, bytes) in before.files { #expect(try await api.download(id) == bytes) }
                let keys = try await runPython("list_bucket.py", server: server)
                let held = try JSONDecoder().decode([String: [String]].self, from: Data(keys.utf8))
                #expect(held["objects"]?.count == 9)
            }
        }
    }

    @Test("corrupt objects are reported and not copied")
    func damaged() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let before = try await fill(data)
            let victim = try #require(before.files.first { $0.bytes.readableBytes > 100 })
            let object = try largestFile(under: data.appending("objects/files"))
            try flipByte(of: object)
            let stores = try await TestStores(.sqliteAndS3)
            let refused = try await migrate(data, to: stores)
            #expect(refused.status == .exited(1))
            #expect(
                refused.errors.contains(before.files.max { $0.bytes.readableBytes < $1.bytes.readableBytes }?.id ?? "?")
            )
            #expect(victim.bytes.readableBytes > 0)
            // The old server still has all data, and the migration continues once the bytes are correct again.
            try await withServer(ServerOptions(data: data)) { server in
                let file = try await server.api.call(.GET, "/files/\(before.files[0].id)")
                #expect(file.status == 200)
            }
            try flipByte(of: object)
            #expect(try await migrate(data, to: stores).status == .exited(0))
        }
    }

    @Test("a non-empty target, unfinished uploads and a directory in use are rejected, and the error names the cause")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            _ = try await fill(data)
            let stores = try await TestStores(.postgreSQLAndS3)
            #expect(try await migrate(data, to: .embedded).errors.contains("--metadata"))
            let unknown = try await migrate(folder.appending("nowhere"), to: stores)
            #expect(unknown.status == .exited(1) && unknown.errors.contains("nowhere"))
            // A server has locked the data directory.
            let upload = try await withServer(ServerOptions(data: data)) { server in
                let refused = try await migrate(data, to: stores)
                #expect(refused.status == .exited(1) && refused.errors.contains("another process"))
                return try await server.api.initialize("open", size: 10)
            }.value
            // An upload is open.
            let open = try await migrate(data, to: stores)
            #expect(open.status == .exited(1) && open.errors.contains("--drop-open-uploads"), "\(open.errors)")
            // The bucket and the database already contain data.
            let used = try await TestStores(.postgreSQLAndS3)
            try await withServer(ServerOptions(data: folder.appending("used"), stores: used)) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
            }
            let full = try await migrate(data, "--drop-open-uploads", to: used)
            #expect(full.status == .exited(1) && full.errors.contains("'objects'"), "\(full.errors)")
            var half = stores
            half.metadata = used.metadata
            let foreign = try await migrate(data, "--drop-open-uploads", to: half)
            #expect(foreign.status == .exited(1) && foreign.errors.contains("'metadata'"), "\(foreign.errors)")
            // The unfinished upload still exists, because all these attempts failed.
            let status = try await withServer(ServerOptions(data: data)) { try await $0.api.complete(upload).status }
                .value
            #expect(status == 409)
            for said in [full, foreign] { #expect(!said.errors.contains("://app:") && !said.errors.contains("sk/")) }
        }
    }

    private struct Before: Sendable {
        let token: String
        let files: [(id: String, bytes: ByteBuffer)]
        /// Id of a completed upload.
        let completed: String
        let events: [ReceivedEvent]
    }

    /// Fills a data directory through a server, then stops the server.
    private func fill(_ data: FilePath, files count: Int = 3) async throws -> Before {
        try await withServer(ServerOptions(data: data)) { server in
            var files: [(id: String, bytes: ByteBuffer)] = []
            var completed = ""
            for index in 0..<count {
                let bytes = pseudoRandomBytes(seed: UInt64(index), count: index * 7_000_000 / 2)
                let upload = try await server.api.initialize("\(index)", size: bytes.readableBytes, partSize: Self.part)
                var (rest, number) = (bytes, 0)
                while let part = rest.readSlice(length: min(Self.part, rest.readableBytes)), part.readableBytes > 0 {
                    number += 1
                    try await server.api.store(upload, number, part)
                }
                if index == 0 { completed = upload }
                files.append((try await server.api.complete(upload).text("id"), bytes))
            }
            let folder = try await server.api.call(
                .POST,
                "/files",
                ["project": "admin/uploads", "name": "folder", "type": "folder"]
            )
            #expect(folder.status == 201)
            let events = try await server.api.events().events
            return Before(token: server.token, files: files, completed: completed, events: events)
        }.value
    }

    private struct Ended: Sendable {
        let status: TerminationStatus
        let errors: String
    }

    private func migrate(
        _ data: FilePath,
        _ flags: String...,
        to stores: TestStores,
        killedAfter pause: Duration? = nil
    ) async throws -> Ended {
        let environment = stores.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
        let timeout = pause.map { ["/usr/bin/timeout", "--foreground", "--signal=KILL", "\($0 / .seconds(1))"] } ?? []
        let command = timeout + [Places.pontoond.string, "migrate", "--from", data.string] + flags
        let result = try await run(
            .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return Ended(status: result.terminationStatus, errors: result.standardError)
    }

    private func largestFile(under folder: FilePath) throws -> FilePath {
        let names = try FileManager.default.subpathsOfDirectory(atPath: folder.string)
        let files = try names.map { folder.appending($0) }.map { path in
            (path, try FileManager.default.attributesOfItem(atPath: path.string)[.size] as? Int ?? 0)
        }
        return try #require(files.filter { !isFolder($0.0) }.max { $0.1 < $1.1 }?.0)
    }

    private func isFolder(_ path: FilePath) -> Bool {
        var isFolder = ObjCBool(false)
        return FileManager.default.fileExists(atPath: path.string, isDirectory: &isFolder) && isFolder.boolValue
    }

    private func flipByte(of path: FilePath) throws {
        let file = try FileHandle(forUpdating: URL(filePath: path.string))
        defer { try? file.close() }
        try file.seek(toOffset: 1000)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: 1000)
        try file.write(contentsOf: Data([byte ^ 1]))
    }
}
