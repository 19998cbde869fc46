import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// `pontoond backup`, `restore`, `check` and `scrub`, run as separate processes.
@Suite(.serialized, .timeLimit(.minutes(10)), .tags(.endToEnd))
struct BackupTests {
    @Test(
        "a backup under load contains every file that existed throughout, and restores to a consistent service",
        .tags(.needsPostgreSQL),
        arguments: [StoreChoice.sqliteAndDisk, .postgreSQLAndDisk]
    )
    func underLoad(_ choice: StoreChoice) async throws {
        try await withTemporaryFolder { folder in
            let (data, backup) = (folder.appending("data"), folder.appending("backup"))
            let stores = try await TestStores(choice)
            let options = ServerOptions(data: data, stores: stores, arguments: smallParts)
            let (before, load, token, cursor) = try await withServer(options) { server in
                // The server refuses this address, so the webhook sends nothing.
                _ = try await server.api.createWebhook("http://127.0.0.1/")
                let load = BackupLoad(server.api)
                let before = try await backUp(data, stores, to: backup, under: load)
                return (before, load, server.token, try await server.api.events().next)
            }.value
            #expect(before.count > 20)
            let target = try await TestStores(choice)
            let restored = folder.appending("restored")
            let ended = try await pontoond("restore", backup.string, data: restored, target)
            #expect(ended.status == .exited(0), "\(ended.output)\(ended.errors)")
            #expect(ended.output.contains("Disabled webhooks: 1."), "\(ended.output)")
            let checked = try await pontoond("check", data: restored, target)
            #expect(checked.status == .exited(0), "\(checked.output)\(checked.errors)")
            try await withServer(ServerOptions(data: restored, stores: target)) { server in
                let api = APIClient(origin: server.origin, token: token)
                try await expectFiles(before, of: load, in: api)
                // The event log names only files that exist, and cursors from before the restore are refused.
                let file = try await api.uploadSmall("after the restore")
                let (events, next) = try await api.events()
                let files = try events.existingFiles
                #expect(files.contains(file) && events.last?.cursor == next)
                for file in files { #expect(try await api.call(.GET, "/files/\(file)").status == 200) }
                server.expectRefusal(try await api.call(.GET, "/events?after=\(cursor)"), 410, 90003)
                // The webhook is disabled, and its cursor refers to the new event log.
                let webhooks = try await api.call(.GET, "/webhooks?project=admin/uploads").entries
                #expect(webhooks.map { $0.string("state") } == ["disabled"])
                let position = try #require(EventCursor(webhooks.first?.string("cursor") ?? ""))
                #expect(position.log == EventCursor(next)?.log)
            }
            // A second restore to the same directory is refused.
            let again = try await pontoond("restore", backup.string, data: restored, target)
            #expect(again.status == .exited(1) && again.errors.contains("not empty"), "\(again.errors)")
            let otherFolder = try await pontoond("restore", backup.string, data: folder.appending("other"), target)
            #expect(otherFolder.status == .exited(choice.usesPostgreSQL ? 1 : 0), "\(otherFolder.errors)")
        }
    }

    /// Creates a full and an incremental backup while clients change files.
    ///
    /// - Returns: The files that were acknowledged before the second backup began, except files whose deletion or
    ///   replacement was requested before it finished.
    private func backUp(
        _ data: FilePath,
        _ stores: TestStores,
        to backup: FilePath,
        under load: BackupLoad
    ) async throws -> [String: BackupLoad.StoredFile] {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in 0..<4 { group.addTask { try await load.runClient(client) } }
            var before: [String: BackupLoad.StoredFile] = [:]
            var random = SeededGenerator(seed: 4)
            for round in 1...2 {
                // Clients never delete or overwrite these files, however long a backup takes.
                for number in 0..<12 { _ = try await load.upload("kept-\(round)-\(number)", using: &random) }
                try await eventually("the clients make progress") { load.operations >= 60 * round }
                before = load.existing
                let ended = try await pontoond("backup", backup.string, data: data, stores)
                #expect(ended.status == .exited(0), "\(ended.output)\(ended.errors)")
                let left = load.existing
                before = before.filter { left[$0.key] != nil }
            }
            let checked = try await pontoond("check", data: data, stores)
            #expect(checked.status == .exited(0), "\(checked.output)\(checked.errors)")
            load.stop()
            try await group.waitForAll()
            return before
        }
    }

    /// Checks that all files in `before` exist, and that every file of the service has the bytes that a client
    /// uploaded.
    private func expectFiles(
        _ before: [String: BackupLoad.StoredFile],
        of load: BackupLoad,
        in api: APIClient
    ) async throws {
        var names: Set<String> = []
        let existing = try await ids(api)
        for id in existing {
            let bytes = try await api.download(id)
            names.insert(try await api.call(.GET, "/files/\(id)").text("name"))
            let file = try #require(load.all[id], "a file that no client has created")
            #expect(bytes == file.bytes, "\(file.name)")
        }
        let missing = before.filter { !existing.contains($0.key) }
        #expect(missing.isEmpty, "\(missing.values.map(\.name))")
        for client in 0..<4 { #expect(names.contains("hot-\(client)")) }
    }

    @Test("a backup that is killed leaves the previous one usable, and the next run completes")
    func killed() async throws {
        try await withTemporaryFolder { folder in
            let (data, backup) = (folder.appending("data"), folder.appending("backup"))
            try await withServer(ServerOptions(data: data, arguments: smallParts)) { server in
                let load = BackupLoad(server.api)
                var random = SeededGenerator(seed: 1)
                let first = try await load.upload("first", using: &random)
                let initial = try await pontoond("backup", backup.string, "--no-hard-links", data: data)
                #expect(initial.status == .exited(0), "\(initial.errors)")
                for index in 0..<40 { _ = try await load.upload("\(index)", using: &random) }
                var (pause, kills, hasEnded) = (Duration.milliseconds(10), 0, false)
                while !hasEnded {
                    let ended = try await pontoond(
                        "backup",
                        backup.string,
                        "--no-hard-links",
                        data: data,
                        killedAfter: pause
                    )
                    hasEnded = ended.status == .exited(0)
                    // `timeout` exits with 137 after it has killed the command.
                    try #require(hasEnded || ended.status == .exited(137), "\(ended.status): \(ended.errors)")
                    let restored = folder.appending("restored-\(kills)")
                    let result = try await pontoond("restore", backup.string, data: restored)
                    #expect(result.status == .exited(0), "\(result.output)\(result.errors)")
                    #expect(result.output.contains("Restored \(hasEnded ? 41 : 1) objects") || !hasEnded)
                    if !hasEnded { (pause, kills) = (pause * 1.6, kills + 1) }
                }
                #expect(kills > 0 && load.all[first] != nil)
            }
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: backup.string).sorted() == [
                    "credentials", "lock", "manifest.json", "objects", "pontoon.sqlite",
                ]
            )
        }
    }

    @Test("on a full disk, the previous backup is kept, and a run with more space completes", .tags(.needsRoot))
    func fullDisk() async throws {
        try await withSmallDisk("size=6m") { disk in
            try await withTemporaryFolder { folder in
                let data = folder.appending("data")
                try await withServer(ServerOptions(data: data)) { server in
                    _ = try await server.api.upload("small", pseudoRandomBytes(seed: 1, count: 1_000_000))
                    let first = try await pontoond("backup", disk.string, data: data)
                    #expect(first.status == .exited(0), "\(first.output)\(first.errors)")
                    let manifest = FileManager.default.contents(atPath: disk.appending("manifest.json").string)
                    _ = try await server.api.upload("large", pseudoRandomBytes(seed: 2, count: 8_000_000))
                    let full = try await pontoond("backup", disk.string, data: data)
                    #expect(full.status == .exited(1) && full.errors.contains("full"), "\(full.output)\(full.errors)")
                    #expect(FileManager.default.contents(atPath: disk.appending("manifest.json").string) == manifest)
                    let kept = try await pontoond("restore", disk.string, data: folder.appending("kept"))
                    #expect(kept.status == .exited(0) && kept.output.contains("Restored 1 objects"), "\(kept.errors)")
                    #expect(mount("tmpfs", disk.string, "tmpfs", UInt(MS_REMOUNT), "size=64m") == 0)
                    let second = try await pontoond("backup", disk.string, data: data)
                    #expect(second.status == .exited(0), "\(second.output)\(second.errors)")
                }
                let restored = try await pontoond("restore", disk.string, data: folder.appending("restored"))
                #expect(restored.output.contains("Restored 2 objects"), "\(restored.output)\(restored.errors)")
            }
        }
    }

    @Test("with objects in S3, a backup contains no objects, and restore requires --objects")
    func bucket() async throws {
        try await withTemporaryFolder { folder in
            let (data, backup) = (folder.appending("data"), folder.appending("backup"))
            let stores = try await TestStores(.sqliteAndS3)
            let file = try await withServer(ServerOptions(data: data, stores: stores)) { server in
                let file = try await server.api.upload("a", ByteBuffer(string: "abc"))
                let ended = try await pontoond("backup", backup.string, data: data, stores)
                #expect(ended.status == .exited(0) && ended.output.contains("s3://"), "\(ended.output)\(ended.errors)")
                let checked = try await pontoond("check", data: data, stores)
                #expect(checked.status == .exited(0), "\(checked.output)\(checked.errors)")
                return file
            }.value
            let restored = folder.appending("restored")
            let refused = try await pontoond("restore", backup.string, data: restored)
            #expect(refused.status == .exited(1) && refused.errors.contains("--objects"), "\(refused.errors)")
            let ended = try await pontoond("restore", backup.string, data: restored, stores)
            #expect(ended.status == .exited(0), "\(ended.output)\(ended.errors)")
            try await withServer(ServerOptions(data: restored, stores: stores)) { server in
                let bytes = try await server.api.download(file)
                #expect(bytes == ByteBuffer(string: "abc"))
            }
            let orphaned = try await pontoond("check", "--repair", data: restored, stores)
            #expect(orphaned.status == .exited(0), "\(orphaned.output)\(orphaned.errors)")
        }
    }

    @Test("check reports its result in its exit status")
    func check() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            try await withServer(ServerOptions(data: data)) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                let running = try await pontoond("check", "--repair", data: data)
                #expect(running.status == .exited(2) && running.errors.contains("another process"), "\(running.errors)")
            }
            let orphan = data.appending("objects/uploads/00000000000000000000000000000000")
            try Data("orphan".utf8).write(to: URL(filePath: orphan.string))
            // `check` waits a few seconds and examines recent orphans again. An orphan that is an hour old avoids the
            // wait.
            let time = [FileAttributeKey.modificationDate: Date(timeIntervalSinceNow: -3600)]
            try FileManager.default.setAttributes(time, ofItemAtPath: orphan.string)
            let found = try await pontoond("check", data: data)
            #expect(found.status == .exited(1) && found.output.contains("orphan: uploads/"), "\(found.output)")
            let repaired = try await pontoond("check", "--repair", data: data)
            #expect(repaired.status == .exited(0) && repaired.output.contains("removed"), "\(repaired.output)")
            #expect(!FileManager.default.fileExists(atPath: orphan.string))
            let missing = try await pontoond("check", data: folder.appending("nowhere"))
            #expect(missing.status == .exited(2) && missing.errors.contains("nowhere"), "\(missing.errors)")
        }
    }

    @Test("check reports damage that a scrub found, and backup fails until the object is intact again")
    func damageFoundByScrub() async throws {
        try await withTemporaryFolder { folder in
            let (data, backup) = (folder.appending("data"), folder.appending("backup").string)
            let content = Data(pseudoRandomBytes(seed: 1, count: 10_000).readableBytesView)
            _ = try await withServer(ServerOptions(data: data)) { server in
                _ = try await server.api.upload("a", ByteBuffer(bytes: content))
            }
            #expect(try await pontoond("backup", backup, data: data).status == .exited(0))
            let files = data.appending("objects/files")
            let subfolder = try #require(try FileManager.default.contentsOfDirectory(atPath: files.string).first)
            let name = try #require(
                try FileManager.default.contentsOfDirectory(atPath: files.appending(subfolder).string).first
            )
            // On most file systems, the backup contains a hard link to this file.
            let object = URL(filePath: files.appending(subfolder).appending(name).string)
            func write(_ bytes: Data) throws {
                let file = try FileHandle(forWritingTo: object)
                try file.write(contentsOf: bytes)
                try file.close()
            }
            try write(Data(repeating: 0, count: 4))
            #expect(try await pontoond("scrub", data: data).status == .exited(1))
            let checked = try await pontoond("check", data: data)
            #expect(checked.status == .exited(1), "\(checked.output)")
            #expect(checked.output.contains("as a scrub has found"), "\(checked.output)")
            for target in [backup, folder.appending("other").string] {
                let result = try await pontoond("backup", target, data: data)
                #expect(result.status == .exited(1), "\(result.output)")
                #expect(result.output.contains("does not match its checksum"), "\(result.output)")
            }
            try write(content)
            #expect(try await pontoond("backup", backup, data: data).status == .exited(0))
            #expect(try await pontoond("scrub", data: data).status == .exited(0))
            #expect(try await pontoond("check", data: data).status == .exited(0))
        }
    }

    // MARK: - Helpers

    private struct Ended: Sendable {
        let status: TerminationStatus
        let output: String
        let errors: String
    }

    private func pontoond(
        _ arguments: String...,
        data: FilePath,
        _ stores: TestStores = .embedded,
        killedAfter pause: Duration? = nil
    ) async throws -> Ended {
        let environment = stores.environment.map { (Environment.Key(stringLiteral: $0.key), $0.value as String?) }
        let timeout = pause.map { ["/usr/bin/timeout", "--foreground", "--signal=KILL", "\($0 / .seconds(1))"] } ?? []
        let command = timeout + [Places.pontoond.string] + arguments + ["--data", data.string]
        let result = try await run(
            .path(FilePath(command[0])),
            arguments: Arguments(Array(command.dropFirst())),
            environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment)),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        return Ended(
            status: result.terminationStatus,
            output: result.standardOutput,
            errors: result.standardError
        )
    }

    /// Returns the ids of all entries of the admin's project.
    private func ids(_ api: APIClient) async throws -> [String] {
        var ids: [String] = []
        while true {
            let page = try await api.listed("/files?project=admin/uploads&limit=100&offset=\(ids.count)")
            ids += page
            if page.count < 100 { return ids }
        }
    }
}
