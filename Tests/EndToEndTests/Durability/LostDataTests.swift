import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Server starts with an incomplete data directory, and data that a power cut must neither lose nor restore.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct LostDataTests {
    @Test("a server does not start without the database of its objects, and has all data once the database is restored")
    func lostDatabase() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let bytes = pseudoRandomBytes(seed: 1, count: 1000)
            let options = ServerOptions(data: data, arguments: smallParts)
            let (upload, _) = try await withServer(options) { server in
                let upload = try await server.api.initialize("a.bin", size: 1000, partSize: 1000)
                try await server.api.store(upload, 1, bytes)
                return upload
            }
            let credentials = try String(contentsOfFile: data.appending("credentials").string, encoding: .utf8)
            let aside = folder.appending("aside")
            for isEmpty in [false, true] {
                try rename(data.appending("pontoon.sqlite"), aside)
                if isEmpty { try Data().write(to: URL(filePath: data.appending("pontoon.sqlite").string)) }
                try await runServer(["--data", data.string]).expectRefusal("'data'", "pontoon.sqlite", "restore")
                try rename(aside, data.appending("pontoon.sqlite"))
            }
            #expect(try String(contentsOfFile: data.appending("credentials").string, encoding: .utf8) == credentials)
            try await withServer(options) { server in
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == bytes)
            }
        }
    }

    @Test("a server does not start without the objects of its database")
    func lostObjects() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let (file, _) = try await withServer(ServerOptions(data: data)) { server in
                try await server.api.upload("a.bin", ByteBuffer(string: "abc"))
            }
            let aside = folder.appending("aside")
            for path in ["objects", "objects/files"].map({ data.appending($0) }) {
                // If a disk is not mounted, its mount point is an empty directory.
                for isEmpty in [false, true] {
                    try rename(path, aside)
                    if isEmpty {
                        try FileManager.default.createDirectory(
                            atPath: path.string,
                            withIntermediateDirectories: false
                        )
                    }
                    try await runServer(["--data", data.string]).expectRefusal("'data'", "objects", "restore")
                    if isEmpty {
                        #expect(try FileManager.default.contentsOfDirectory(atPath: path.string).isEmpty)
                        try FileManager.default.removeItem(atPath: path.string)
                    }
                    try rename(aside, path)
                }
            }
            try await withServer(ServerOptions(data: data)) { server in
                let kept = try await server.api.download(file)
                #expect(kept == ByteBuffer(string: "abc"))
            }
        }
    }

    @Test("after a shutdown, the database file alone contains all records")
    func databaseFile() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let (file, _) = try await withServer(ServerOptions(data: data)) { server in
                try await server.api.upload("a.bin", ByteBuffer(string: "abc"))
            }
            for suffix in ["-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: data.appending("pontoon.sqlite" + suffix).string)
            }
            try await withServer(ServerOptions(data: data)) { server in
                let kept = try await server.api.download(file)
                #expect(kept == ByteBuffer(string: "abc"))
            }
        }
    }

    @Test("the removal of a deleted file's bytes is durable before its record is deleted", .tags(.needsRoot))
    func deletion() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appending("trace")
            try await withServer(ServerOptions(data: folder.appending("data"))) { server in
                let file = try await server.api.upload("a.bin", ByteBuffer(string: "abc"))
                let calls = ["-e", "trace=unlink,unlinkat,fsync,fdatasync,pwrite64"]
                try await withStrace(server, calls, output: output) {
                    try await server.api.perform(.DELETE, "/files/\(file)")
                }
                let trace = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
                let removal = try #require(
                    trace.first {
                        $0.name.hasPrefix("unlink") && $0.arguments.contains("/objects/files/") && $0.succeeded
                    }
                )
                let sync = try #require(
                    trace.first {
                        $0.name == "fsync" && $0.begin > removal.end
                            && $0.paths.first?.contains("/objects/files/") == true
                    }
                )
                // One commit records the object as discarded before its removal, and another deletes this record
                // afterwards.
                let forgotten = try #require(
                    trace.first {
                        $0.name == "pwrite64" && $0.begin > removal.end && $0.paths.first?.hasSuffix("-wal") == true
                    }
                )
                #expect(sync.succeeded && forgotten.begin > sync.end)
            }
        }
    }

    @Test("the credentials file is synced before the first user is stored", .tags(.needsRoot))
    func credentials() async throws {
        try await withTemporaryFolder { folder in
            let output = folder.appending("trace")
            let data = folder.appending("data")
            let calls = "trace=fsync,fdatasync,/^rename,pwrite64"
            let strace = ["/usr/bin/strace", "-f", "-y", "-o", output.string, "-e", calls]
            // The port is in use, so the server exits after it has created the first user.
            try await withServer(ServerOptions(data: folder.appending("other"))) { server in
                let address = "127.0.0.1:\(try server.port)"
                let refused = try await runServer(["--data", data.string, "--listen", address], wrapper: strace)
                refused.expectRefusal("'listen'")
            }
            let trace = SystemCallTrace(try String(contentsOfFile: output.string, encoding: .utf8)).calls
            let content = try #require(
                trace.first { $0.name == "fsync" && $0.paths.first?.hasSuffix("/credentials.new") == true }
            )
            let name = try #require(
                trace.first { $0.name.hasPrefix("rename") && $0.arguments.contains("credentials.new") }
            )
            let directory = try #require(
                trace.first { $0.name == "fsync" && $0.begin > name.end && $0.paths.first?.hasSuffix("/data") == true }
            )
            let stored = try #require(
                trace.first {
                    $0.name == "pwrite64" && $0.begin > name.begin && $0.paths.first?.hasSuffix("-wal") == true
                }
            )
            #expect(content.succeeded && directory.succeeded)
            #expect(name.begin > content.end && stored.begin > directory.end)
        }
    }

    private func rename(_ from: FilePath, _ to: FilePath) throws {
        try? FileManager.default.removeItem(atPath: to.string)
        try FileManager.default.moveItem(atPath: from.string, toPath: to.string)
    }
}
