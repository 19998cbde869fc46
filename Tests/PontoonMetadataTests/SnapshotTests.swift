import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

/// Snapshots of all records, as used in backups.
struct SnapshotTests {
    @Test(
        "a snapshot is one file with all records except the records of unfinished uploads and jobs",
        arguments: TestDatabase.all
    )
    func content(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            let source = try await opened(driver)
            let fixture = try await fill(source)
            try await withDatabasePath { path in
                let copy = try await source.copySnapshot(to: path, objects: "here", keepsDiscarded: false)
                let left = [
                    "uploads", "parts", "discarded_objects", "file_jobs", "file_job_items", "file_job_folders",
                ]
                for table in TableCopySpec.all where !left.contains(table.name) {
                    let rows = try await source.read { try table.rows($0, after: nil, limit: 5000) }
                    let copies = try await copy.read { try table.rows($0, after: nil, limit: 5000) }
                    #expect(rows.count == copies.count, "\(table.name)")
                }
                #expect(try await copy.openUploadKeys() == [])
                #expect(try await copy.discardedObjects(limit: 1).isEmpty)
                #expect(try await copy.uploads(of: "ada", page: .all).total == 0)
                try await expectFinishedJob(copy)
                let window = FileWindow.page(.all)
                let copied = try await copy.files(in: fixture.root, filter: FileFilter(), window: window)
                let original = try await source.files(in: fixture.root, filter: FileFilter(), window: window)
                #expect(copied.items == original.items && copied.total == original.total)
                #expect(try await copy.metadataValue(for: .identity) == "me")
                #expect(try await copy.metadataValue(for: .objects) == "here")
                try await copy.close()
                try SQLMetadataStore.finishSnapshot(path)
                // A snapshot can be read from a directory that cannot be written to.
                let reader = try await SQLMetadataStore.openReadOnly(SQLiteSettings(path: path))
                #expect(try await reader.databaseProblems() == [])
                #expect(try await reader.recordedObjects(after: nil, limit: 5000).count == 1201)
                try await reader.close()
                let files = try FileManager.default.contentsOfDirectory(
                    atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path
                )
                #expect(files == ["metadata.sqlite"])
            }
        }
    }

    @Test("records of discarded objects are kept if their bytes are not part of the backup")
    func discarded() async throws {
        try await withSQLiteStore { source in
            _ = try await fill(source)
            try await withDatabasePath { path in
                let copy = try await source.copySnapshot(to: path, objects: "s3://b/p", keepsDiscarded: true)
                #expect(try await copy.discardedObjects(limit: 9).count == 1)
                try await copy.close()
            }
        }
    }

    @Test("a database without identity or with other tables is refused", arguments: TestDatabase.all)
    func refusals(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            await #expect(throws: MissingMigrations.self) { try await read(driver) }
            let store = try await opened(driver)
            try await read(driver)
            await #expect(throws: NoIdentity.self) {
                try await store.copySnapshot(to: "/nowhere", objects: "", keepsDiscarded: false)
            }
            try await store.write {
                _ = try $0.execute("INSERT INTO schema_migrations (name, applied_on) VALUES ('9999-later', 0)")
            }
            await #expect(throws: UnknownMigrations.self) { try await read(driver) }
        }
    }

    /// Checks that a snapshot contains the finished job with its item, and nothing of the unfinished job.
    private func expectFinishedJob(_ copy: SQLMetadataStore) async throws {
        #expect(try await copy.fileJobs(of: "ada", tokenID: nil, page: .all).items.map(\.id) == ["finished"])
        #expect(try await copy.items(ofFileJob: "finished", from: 0, limit: 9) == [FileJobItem(file: "x")])
        #expect(try await copy.items(ofFileJob: "unfinished", from: 0, limit: 9) == [])
        #expect(try await copy.folder(ofFileJob: "unfinished", depth: 1) == nil)
        #expect(try await !copy.hasWaitingFileJob(now: .distantFuture))
    }

    /// Adds a finished job, and an unfinished job that is deleting a folder.
    private func addJobs(deleting folder: String, to store: SQLMetadataStore) async throws {
        for (index, id) in ["finished", "unfinished"].enumerated() {
            let time = MetadataFixture.time.addingTimeInterval(Double(index))
            let job = FileJob(id: id, kind: .delete, userName: "ada", tokenID: nil, createdOn: time)
            try await store.addFileJob(job, [FileJobItem(file: index == 0 ? "x" : folder)])
            let lease = Lease(id: id, expiresOn: .distantFuture)
            #expect(try await store.leaseFileJob(lease, now: time)?.id == id)
            var step = FileJobStep(at: FileJobProgress(state: .running))
            if index == 0 {
                step.progress.state = .finished
            } else {
                (step.entered, step.progress.depth) = (folder, 1)
            }
            #expect(try await store.perform(step, ofFileJob: id, lease, now: time) == .done(nil))
        }
    }

    private func opened(_ driver: some SQLDriver) async throws -> SQLMetadataStore {
        try await SQLMetadataStore(driver: driver)
    }

    private func read(_ driver: some SQLDriver) async throws { _ = try await SQLMetadataStore(reading: driver) }

    /// Adds nested folders, more files than are copied in one batch, an unfinished upload, jobs and a discarded object.
    private func fill(_ store: SQLMetadataStore) async throws -> MetadataFixture {
        try await store.setMetadataValue("me", for: .identity)
        let fixture = try await MetadataFixture(in: store)
        var inner = fixture.folder("folder")
        try await store.addFolder(inner)
        for depth in 0..<4 {
            let folder = fixture.folder("inner \(depth)", in: inner.id)
            try await store.addFolder(folder)
            inner = folder
        }
        try await fixture.addFile("a", to: store, tags: ["t"], metadata: ["k": "v"])
        for index in 0..<1200 { try await fixture.addFile("\(index)", in: inner.id, to: store) }
        let (_, session) = try await fixture.addLink(to: store)
        let open = fixture.upload("open", session: session)
        try await store.addUpload(open, labels: FileLabels(metadata: ["k": "v"], tags: ["t"]), maximum: 1)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: open.id)
        try await addJobs(deleting: inner.id, to: store)
        let gone = try await fixture.addFile("gone", to: store)
        #expect(try await store.deleteFile(gone.id))
        return fixture
    }
}
