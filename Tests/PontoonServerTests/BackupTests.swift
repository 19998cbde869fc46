import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonObjects
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// Backups of a running server, and restoring them.
struct BackupTests {
    @Test("a restored service has the same files, folders, tokens and signed URLs", arguments: [true, false])
    func roundTrip(usesHardLinks: Bool) async throws {
        try await withTemporaryFolder { folder in
            let (data, backup, restored) = (
                folder.appending("data"), folder.appending("backup"), folder.appending("restored")
            )
            let before = try await withTestServer(on: data, arguments: smallParts) { server in
                let files = try await fill(server)
                let result = try await back(up: server, to: backup, usesHardLinks: usesHardLinks)
                #expect(result.isIntact, "\(result.lines)")
                let url = try await server.api.call(.GET, "/files/\(files[0].id)/download_info").text("url")
                return (files: files, path: url.dropFirst(server.origin.count))
            }
            try expectPrivate(backup)
            let (isRestored, lines) = try await restore(backup, to: restored)
            #expect(isRestored, "\(lines)")
            try expectPrivate(restored)
            #expect(try linkCounts(restored.appending("objects")) == [1])
            try await withTestServer(on: restored, .live) { server in
                for file in before.files {
                    let bytes = try await server.api.download(file.id)
                    #expect(bytes == file.bytes)
                }
                let names = try await server.api.listed("/files?project=admin/uploads", "name")
                #expect(names == ["0", "1", "copy", "folder"])
                let open = try await server.api.call(.GET, "/upload/multipart")
                #expect(open["items"] == .array([]))
                let signed = try await server.api.send(.GET, server.origin + before.path)
                #expect(signed.body == before.files[0].bytes)
                let added = try await server.api.upload("new", ByteBuffer(string: "new"))
                let bytes = try await server.api.download(added)
                #expect(bytes == ByteBuffer(string: "new"))
            }
        }
    }

    @Test("the next backup adds new objects, keeps the others and removes unused ones")
    func incremental() async throws {
        try await withTemporaryFolder { folder in
            let backup = folder.appending("backup")
            try await withTestServer(on: folder.appending("data"), .live) { server in
                let kept = try await server.api.upload("kept", ByteBuffer(string: "kept"))
                let deleted = try await server.api.upload("deleted", ByteBuffer(string: "deleted"))
                _ = try await back(up: server, to: backup, usesHardLinks: false)
                let first = try inodes(backup.appending("objects"))
                try await server.api.perform(.DELETE, "/files/\(deleted)")
                _ = try await server.api.upload("added", ByteBuffer(string: "added"))
                let result = try await back(up: server, to: backup, usesHardLinks: false)
                #expect(result.isIntact)
                let second = try inodes(backup.appending("objects"))
                #expect(second.count == 2 && second.intersection(first).count == 1)
                #expect(result.lines.last?.contains("1 copied, 1 already there; 1 no longer used") == true)
                #expect(try openFiles(in: folder.appending("data/objects")) == [])
                let bytes = try await server.api.download(kept)
                #expect(bytes == ByteBuffer(string: "kept"))
            }
        }
    }

    @Test("while a backup runs, deleted objects stay on the disk")
    func retention() async throws {
        try await withTestServer { server in
            let file = try await server.api.upload("a", ByteBuffer(string: "abc"))
            let objects = server.data.appending("objects/files")
            let lock = try #require(try await DiskObjectStore.retainObjects(server.app.settings.disk))
            try await server.api.perform(.DELETE, "/files/\(file)")
            let report = await server.runMaintenance()
            #expect(report.errors.isEmpty)
            #expect(try inodes(objects).count == 1)
            try lock.close()
            _ = await server.runMaintenance()
            #expect(try inodes(objects).isEmpty)
        }
    }

    @Test("a damaged object is reported, and the previous backup is kept", arguments: [nil, 1] as [Int?])
    func damaged(_ size: Int?) async throws {
        try await withTemporaryFolder { folder in
            let backup = folder.appending("backup")
            try await withTestServer(on: folder.appending("data")) { server in
                let kept = try await server.api.upload("kept", ByteBuffer(string: "kept"))
                let first = try await back(up: server, to: backup, usesHardLinks: false)
                #expect(first.isIntact)
                let old = try Set(files(server.data.appending("objects/files")))
                let file = try await server.api.upload("broken", ByteBuffer(string: "broken"))
                let new = try #require(try Set(files(server.data.appending("objects/files"))).subtracting(old).first)
                if let size {
                    #expect(truncate(new.string, size) == 0)
                } else {
                    try FileManager.default.removeItem(atPath: new.string)
                }
                let refused = try await back(up: server, to: backup, usesHardLinks: false)
                #expect(!refused.isIntact)
                #expect(refused.lines.first?.contains(file) == true, "\(refused.lines)")
                // The backup keeps its intact copy of an object whose original is damaged.
                let original = try #require(old.first)
                try FileManager.default.removeItem(atPath: original.string)
                try await server.api.perform(.DELETE, "/files/\(file)")
                let repaired = try await back(up: server, to: backup, usesHardLinks: false)
                #expect(!repaired.isIntact && repaired.lines.first?.contains(kept) == true, "\(repaired.lines)")
            }
            let (isRestored, lines) = try await restore(backup, to: folder.appending("restored"))
            #expect(isRestored, "\(lines)")
            try await withTestServer(on: folder.appending("restored"), .live) { server in
                let bytes = try await server.api.content(named: "kept")
                #expect(bytes == ByteBuffer(string: "kept"))
            }
        }
    }

    @Test("a damaged backup is not restored until it is repaired")
    func damagedBackup() async throws {
        try await withTemporaryFolder { folder in
            let (backup, target) = (folder.appending("backup"), folder.appending("restored"))
            try await withTestServer(on: folder.appending("data")) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                _ = try await server.api.upload("b", ByteBuffer(string: "bcd"))
                _ = try await back(up: server, to: backup, usesHardLinks: false)
            }
            let object = try #require(try files(backup.appending("objects/files")).first)
            let bytes = try #require(FileManager.default.contents(atPath: object.string))
            try Data("xyz".utf8).write(to: URL(filePath: object.string))
            let refused = try await restore(backup, to: target)
            #expect(!refused.isRestored && refused.lines.first?.contains("checksum") == true, "\(refused.lines)")
            #expect(!FileManager.default.fileExists(atPath: target.appending("pontoon.sqlite").string))
            try bytes.write(to: URL(filePath: object.string))
            let resumed = try await restore(backup, to: target)
            #expect(resumed.isRestored, "\(resumed.lines)")
            await expectSettingError("is not empty") { _ = try await restore(backup, to: target) }
        }
    }

    @Test("directories with other contents are refused and not changed")
    func refusals() async throws {
        try await withTemporaryFolder { folder in
            let (backup, other) = (folder.appending("backup"), folder.appending("other"))
            try await withTestServer(on: folder.appending("data")) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                await expectSettingError("inside the data directory") {
                    _ = try await back(up: server, to: server.data.appending("backup"))
                }
                #expect(!FileManager.default.fileExists(atPath: server.data.appending("backup").string))
                let foreign = folder.appending("foreign")
                try FileManager.default.createDirectory(atPath: foreign.string, withIntermediateDirectories: false)
                try Data().write(to: URL(filePath: foreign.appending("letter.txt").string))
                await expectSettingError("not empty") { _ = try await back(up: server, to: foreign) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: foreign.string) == ["letter.txt"])
                let first = try await back(up: server, to: backup)
                #expect(first.isIntact)
                let handle = try DirectoryHandle.open(backup)
                let lock = try handle.lock("lock")
                await expectSettingError("another process") { _ = try await back(up: server, to: backup) }
                await expectSettingError("another process") { _ = try await restore(backup, to: other) }
                try lock.close()
            }
            try await withTestServer(on: other) { server in
                await expectSettingError("another service") { _ = try await back(up: server, to: backup) }
            }
            await expectSettingError("not empty") { _ = try await restore(backup, to: other) }
            await expectSettingError("no complete backup") {
                _ = try await restore(other, to: folder.appending("restored"))
            }
        }
    }

    @Test("of two concurrent restores to the same directory, one is refused")
    func concurrentRestores() async throws {
        try await withTemporaryFolder { folder in
            let backup = folder.appending("backup")
            try await withTestServer(on: folder.appending("data")) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                _ = try await back(up: server, to: backup)
            }
            for round in 0..<5 {
                let target = folder.appending("restored-\(round)")
                let results = try await concurrently(2) { _ in
                    do { return try await restore(backup, to: target).isRestored } catch is SettingError {
                        return false
                    }
                }
                #expect(results.count { $0 } == 1, "\(results)")
            }
        }
    }

    @Test("links in a backup are never followed")
    func links() async throws {
        try await withTemporaryFolder { folder in
            let (backup, outside) = (folder.appending("backup"), folder.appending("outside"))
            try FileManager.default.createDirectory(atPath: outside.string, withIntermediateDirectories: false)
            try await withTestServer(on: folder.appending("data")) { server in
                _ = try await server.api.upload("a", ByteBuffer(string: "abc"))
                let first = try await back(up: server, to: backup)
                #expect(first.isIntact)
                let object = try #require(try files(backup.appending("objects/files")).first)
                let victim = outside.appending("victim")
                try Data("xyz".utf8).write(to: URL(filePath: victim.string))
                for name in [object, backup.appending("pontoon.sqlite.new"), backup.appending("manifest.json.new")] {
                    try? FileManager.default.removeItem(atPath: name.string)
                    try FileManager.default.createSymbolicLink(
                        atPath: name.string,
                        withDestinationPath: victim.string
                    )
                }
                let second = try await back(up: server, to: backup)
                #expect(second.isIntact)
                #expect(FileManager.default.contents(atPath: victim.string) == Data("xyz".utf8))
                let objects = backup.appending("objects")
                try FileManager.default.removeItem(atPath: objects.string)
                try FileManager.default.createSymbolicLink(
                    atPath: objects.string,
                    withDestinationPath: outside.string
                )
                await expectSettingError(backup.string) { _ = try await back(up: server, to: backup) }
                #expect(try FileManager.default.contentsOfDirectory(atPath: outside.string) == ["victim"])
            }
        }
    }

    // MARK: - Helpers

    /// Adds two files, a copy, a folder, a deleted file and an unfinished upload.
    private func fill(_ server: TestServer) async throws -> [(id: String, bytes: ByteBuffer)] {
        var files: [(id: String, bytes: ByteBuffer)] = []
        for index in 0..<2 {
            let bytes = pseudoRandomBytes(seed: UInt64(index), count: index * 2_500_000)
            files.append((try await server.api.upload("\(index)", bytes, partSize: 1 << 20), bytes))
        }
        let copied = try await server.api.copy(files[1].id, ["project": "admin/uploads", "name": "copy"])
        files.append((try copied.text("id"), files[1].bytes))
        try await server.api.perform(
            .POST,
            "/files",
            ["project": "admin/uploads", "name": "folder", "type": "folder"]
        )
        let deleted = try await server.api.upload("deleted", ByteBuffer(string: "deleted"))
        try await server.api.perform(.DELETE, "/files/\(deleted)")
        let open = try await server.api.initialize("open", size: 10)
        try await server.api.store(open, 1, ByteBuffer(repeating: 1, count: 10))
        return files
    }

    private func back(
        up server: TestServer,
        to path: FilePath,
        usesHardLinks: Bool = true
    ) async throws -> (isIntact: Bool, lines: [String]) {
        let lines = Mutex<[String]>([])
        let backup = Backup(settings: server.app.settings, to: path, usesHardLinks: usesHardLinks) { line in
            lines.withLock { $0.append(line) }
        }
        let isIntact = try await backup.run()
        return (isIntact, lines.withLock { $0 })
    }

    private func restore(_ backup: FilePath, to data: FilePath) async throws -> (isRestored: Bool, lines: [String]) {
        let settings = try Settings(
            try GivenSettings(flags: [GivenFlag(Setting<FilePath>.data, data.string)], environment: [:])
        )
        let lines = Mutex<[String]>([])
        let restore = Restore(settings: settings, from: backup, verifiesChecksums: true) { line in
            lines.withLock { $0.append(line) }
        }
        let isRestored = try await restore.run()
        return (isRestored, lines.withLock { $0 })
    }

    private func expectSettingError(
        _ text: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () async throws -> Void
    ) async {
        do {
            try await body()
            Issue.record("no error", sourceLocation: sourceLocation)
        } catch {
            let isExpected = error is SettingError && "\(error)".contains(text)
            #expect(isExpected, "\(error)", sourceLocation: sourceLocation)
        }
    }

    /// Checks that only the owner can access a directory and everything in it.
    private func expectPrivate(_ folder: FilePath, sourceLocation: SourceLocation = #_sourceLocation) throws {
        for name in try [""] + FileManager.default.subpathsOfDirectory(atPath: folder.string) {
            let attributes = try FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")
            let isFolder = attributes[.type] as? FileAttributeType == .typeDirectory
            let mode = attributes[.posixPermissions] as? Int
            #expect(mode == (isFolder ? 0o700 : 0o600), "\(name)", sourceLocation: sourceLocation)
        }
    }

    private func files(_ folder: FilePath) throws -> [FilePath] {
        try FileManager.default.subpathsOfDirectory(atPath: folder.string).map { folder.appending($0) }.filter { path in
            let attributes = try FileManager.default.attributesOfItem(atPath: path.string)
            return attributes[.type] as? FileAttributeType == .typeRegular
        }
    }

    /// Returns the paths of the objects below a folder that this process has open.
    private func openFiles(in folder: FilePath) throws -> [String] {
        let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").compactMap { number in
            try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
        }
        return open.filter { path in
            path.hasPrefix("\(folder)/") && FilePath(path).lastComponent.flatMap { ObjectKey($0.string) } != nil
        }
    }

    private func inodes(_ folder: FilePath) throws -> Set<Int> {
        try Set(
            files(folder).filter { ObjectKey($0.lastComponent?.string ?? "") != nil }.map { path in
                try #require(FileManager.default.attributesOfItem(atPath: path.string)[.systemFileNumber] as? Int)
            }
        )
    }

    private func linkCounts(_ folder: FilePath) throws -> Set<Int> {
        try Set(
            files(folder).map { path in
                try #require(FileManager.default.attributesOfItem(atPath: path.string)[.referenceCount] as? Int)
            }
        )
    }
}

extension APIClient {
    /// Downloads the first file with this name in the root folder of the admin's project.
    fileprivate func content(named name: String) async throws -> ByteBuffer {
        let ids = try await listed("/files?project=admin/uploads&name=\(name)")
        return try await download(try #require(ids.first))
    }
}
