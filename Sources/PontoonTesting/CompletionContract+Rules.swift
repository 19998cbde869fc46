import Foundation
import PontoonCore

extension CompletionContract {
    static func renamingChoosesAFreeName(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await store.addFolder(fixture.folder("a"))
        for name in ["_1_a", "_2_a"] {
            let file = try require(try await fixture.complete(.rename, "a", in: store), "a new file")
            try expect(file.name, equals: name, "the first free name")
            try expect(try await store.file(named: name, in: fixture.root), equals: file, "the stored file")
        }
        try expect(try await fixture.complete(.rename, "b", in: store)?.name, equals: "b", "a name that is free")
        let long = String(repeating: "x", count: 255)
        _ = try await fixture.complete(.rename, long, in: store)
        try await expectRefusal(.fileNameInvalid) { try await fixture.complete(.rename, long, in: store) }
        try await fixture.expectFiles(4, in: store)
    }

    static func skippingKeepsTheFile(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let first = try require(try await fixture.complete(.skip, "a", in: store), "a name that is free")
        let upload = fixture.upload("a", rule: .skip)
        try await fixture.addCompletingUpload(upload, to: store)
        _ = try await store.keepAlive(upload.id, now: MetadataFixture.time)
        try expect(try await store.upload(upload.id)?.rule, equals: .skip, "the stored rule")
        try expect(try await fixture.complete(upload, in: store), equals: first, "the existing file is kept")
        let completed = try require(try await store.upload(upload.id), "the upload is still stored")
        try expect(completed.state, equals: .completed, "the upload is completed")
        try expect(completed.fileID, equals: first.id, "the upload refers to the existing file")
        try expect(try await store.file(first.id), equals: first, "the existing file is unchanged")
        let discarded = try await store.discardedObjects(limit: 9).map(\.key)
        try expect(discarded, equals: [upload.key], "the object is discarded")
        try await fixture.expectFiles(1, in: store)
        try await store.addFolder(fixture.folder("b"))
        try await expectRefusal(.folderExists) { try await fixture.complete(.skip, "b", in: store) }
    }

    static func concurrentRulesLeaveOneFilePerName(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let files = try await concurrently(8) { index in
            try await fixture.complete(index.isMultiple(of: 2) ? .rename : .skip, "a", in: store)
        }
        let names = Set(files.compactMap { $0?.name })
        // One file has the name `a`; the others were renamed.
        try expect(names.isSubset(of: ["a", "_1_a", "_2_a", "_3_a", "_4_a"]), "the names: \(names)")
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(Set(list.items.map(\.name)), equals: names, "the files")
        try await fixture.expectFiles(names.count, in: store)
    }
}

extension MetadataFixture {
    /// Creates an upload of 10 bytes with a conflict rule, without storing it.
    fileprivate func upload(_ name: String, rule: NameConflictRule) -> Upload {
        Upload(
            id: Identifiers.upload(),
            userName: user.name,
            destination: .folder(id: root, project: project.id, wasGivenByFolder: false),
            name: name,
            size: 10,
            partSize: 5,
            md5: nil,
            rule: rule,
            key: .random(),
            initiatedOn: Self.time
        )
    }

    /// Adds and completes an upload of 10 bytes, and returns the file to which the completed upload refers.
    fileprivate func complete(
        _ rule: NameConflictRule,
        _ name: String,
        in store: some MetadataStore
    ) async throws -> File? {
        let upload = upload(name, rule: rule)
        try await addCompletingUpload(upload, to: store)
        return try await complete(upload, in: store)
    }

    /// Completes an upload whose completion is leased, and returns the file to which the completed upload refers.
    fileprivate func complete(_ upload: Upload, in store: some MetadataStore) async throws -> File? {
        try await store.completeUpload(upload.id, file: file(of: upload), rule: upload.rule)
    }

    /// Checks that the project contains exactly `count` files, each of 10 bytes.
    fileprivate func expectFiles(_ count: Int, in store: some MetadataStore, line: Int = #line) async throws {
        let usage = try await store.usage(of: .project(project.id))?.usage
        let stored = Int64(count) * 10
        try expect(usage?.storedBytes, equals: stored, "the stored bytes", line: line)
        try expect(usage?.files, equals: Int64(count), "the number of files", line: line)
    }
}
