import Foundation
import PontoonCore
import PontoonMetadata
import PontoonTesting
import SystemPackage
import Testing

/// Comparison of records and stored objects.
struct StoreCheckTests {
    @Test("a store without differences is clean")
    func clean() async throws {
        try await withUseCases { harness in
            _ = try await object(in: harness)
            _ = try await completingUpload(in: harness)
            let (summary, findings) = try await check(harness)
            #expect(summary.isClean && findings == [])
            #expect(summary.objects == 1 && summary.bytes == 10)
        }
    }

    @Test("missing and shortened objects are reported with their files", arguments: [nil, 1] as [Int?])
    func damaged(_ size: Int?) async throws {
        try await withUseCases { harness in
            let damaged = try await object(in: harness, named: "broken")
            _ = try await object(in: harness, named: "whole")
            let path = path(of: damaged.key, in: harness)
            if let size {
                #expect(truncate(path.string, size) == 0)
            } else {
                try FileManager.default.removeItem(atPath: path.string)
            }
            let (summary, findings) = try await check(harness, repairs: true)
            #expect(!summary.isClean && summary.damaged == 1 && summary.orphans == 0)
            #expect(findings == ["damaged \(damaged.key.rawValue) \(size ?? -1) broken"])
        }
    }

    @Test("orphans are reported, and removed only on request")
    func orphans() async throws {
        try await withUseCases { harness in
            let kept = try await object(in: harness)
            let (orphan, upload) = (ObjectKey.random(), ObjectKey.random())
            try write("orphan", to: path(of: orphan, in: harness))
            try write("upload", to: harness.folder.appending("objects/uploads").appending(upload.rawValue))
            // Discarded objects and objects of completing uploads have records, so they are no orphans.
            let discarded = try await object(in: harness, named: "discarded")
            let (completing, key) = try await completingUpload(in: harness)
            #expect(try await harness.metadata.deleteFile(discarded.id))
            let found = try await check(harness)
            #expect(found.summary.orphans == 2 && found.summary.orphanBytes == 12 && !found.summary.isClean)
            #expect(Set(found.findings) == ["orphan \(orphan.rawValue)", "orphan \(upload.rawValue)"])
            let repaired = try await check(harness, repairs: true)
            #expect(repaired.summary.removed == 2 && repaired.summary.isClean)
            #expect(try Set(harness.leftOnDisk()) == Set([kept.key, discarded.key, key].map(\.rawValue)))
            #expect(try await check(harness).summary.orphans == 0)
            #expect(!completing.isEmpty)
        }
    }

    @Test("recent orphans are kept by a repair with a minimum age")
    func recent() async throws {
        try await withUseCases { harness in
            try write("orphan", to: path(of: .random(), in: harness))
            let (summary, _) = try await check(harness, repairs: true, minimumAge: .seconds(60))
            #expect(summary.orphans == 1 && summary.removed == 0 && !summary.isClean)
        }
    }

    @Test("files that Pontoon did not create are reported and kept")
    func unknown() async throws {
        try await withUseCases { harness in
            try write("x", to: harness.folder.appending("objects/files/ab/notes.txt"))
            let (summary, findings) = try await check(harness, repairs: true)
            #expect(summary.unknown == 1 && findings == ["unknown files/ab/notes.txt"] && !summary.isClean)
            #expect(try harness.leftOnDisk() == ["notes.txt"])
        }
    }

    @Test("an entry whose record appears or whose bytes disappear in the meantime is not reported")
    func concurrent() async throws {
        try await withUseCases { harness in
            let (late, removed) = (ObjectKey.random(), ObjectKey.random())
            for key in [late, removed] { try write("0123456789", to: path(of: key, in: harness)) }
            let fixture = try await MetadataFixture(in: harness.metadata, user: "bob")
            let inventory = ChangingInventory(inventory: harness.disk) {
                try await fixture.addFile("late", to: harness.metadata, key: late)
                try FileManager.default.removeItem(atPath: path(of: removed, in: harness).string)
            }
            let check = StoreCheck(
                records: harness.metadata,
                inventory: inventory,
                isExclusive: false,
                delay: .zero
            )
            let summary = try await check.run { _ in }
            #expect(summary.orphans == 0)
        }
    }

    private func check(
        _ harness: UseCaseHarness,
        repairs: Bool = false,
        minimumAge: Duration = .zero
    ) async throws -> (summary: StoreCheck.Summary, findings: [String]) {
        let check = StoreCheck(
            records: harness.metadata,
            inventory: harness.disk,
            repair: repairs ? StoreCheck.Repair(of: harness.disk, minimumAge: minimumAge) : nil,
            isExclusive: true
        )
        var findings: [String] = []
        let summary = try await check.run { finding in
            switch finding {
            case .damaged(let object, let size, let files):
                let names = files.map(\.name).joined(separator: " ")
                findings.append("damaged \(object.key.rawValue) \(size ?? -1) \(names)")
            case .orphan(let entry, _): findings.append("orphan \(entry.object?.key.rawValue ?? "?")")
            case .unknown(let entry): findings.append("unknown \(entry.name)")
            }
        }
        return (summary, findings)
    }

    /// Adds a file with its object.
    private func object(
        in harness: UseCaseHarness,
        named name: String = "a"
    ) async throws -> (id: String, key: ObjectKey) {
        let fixture = try await MetadataFixture(in: harness.metadata, user: name)
        let file = try await fixture.addFile(name, to: harness.metadata)
        let key = try #require(file.content?.key)
        try write("0123456789", to: path(of: key, in: harness))
        return (file.id, key)
    }

    /// Adds an upload in state `completing` whose object exists, but whose file is not committed.
    private func completingUpload(in harness: UseCaseHarness) async throws -> (id: String, key: ObjectKey) {
        let id = try await harness.uploads.initialize(
            DeclaredContent(name: "open", size: 0),
            in: .project(harness.project),
            rule: .fail,
            caller: harness.user
        ).id
        let now = Date()
        let lease = Lease(id: "lease", expiresOn: now.addingTimeInterval(60))
        #expect(try await harness.metadata.acquireCompletionLease(of: id, lease, now: now))
        let key = try #require(try await harness.metadata.upload(id)).key
        try write("abc", to: path(of: key, in: harness))
        return (id, key)
    }

    private func path(of key: ObjectKey, in harness: UseCaseHarness) -> FilePath {
        harness.folder.appending("objects/files/\(key.rawValue.suffix(2))/\(key.rawValue)")
    }

    private func write(_ text: String, to path: FilePath) throws {
        let folder = path.removingLastComponent().string
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(filePath: path.string))
    }
}

/// An inventory that runs an action after its first listing.
private struct ChangingInventory: ObjectInventory {
    let inventory: any ObjectInventory
    private let action = OneTimeAction()

    init(inventory: any ObjectInventory, action: @escaping @Sendable () async throws -> Void) {
        self.inventory = inventory
        self.action.set(action)
    }

    func storedSize(_ key: ObjectKey) async throws -> Int64? { try await inventory.storedSize(key) }

    func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws {
        try await inventory.forEachEntry(body)
        try await action.run()
    }
}
