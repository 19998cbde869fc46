import Foundation
package import PontoonCore

/// Rules for ``FileStore`` about adding, finding, renaming and deleting files and folders.
package enum FileContract: MetadataRule, CaseIterable {
    case fileRoundTrips
    case unknownIsNil
    case namesAreComparedByteForByte
    case takenFolderNameIsRejected
    case folderNeedsItsParent
    case fileCannotBeAParent
    case renameChangesNameAndTime
    case renameToATakenNameIsRejected
    case deletingDiscardsTheObject
    case nonEmptyFolderIsNotDeleted
    case rootIsNotDeleted
    case discardedObjectsAreOldestFirst
    case oneOfManyCallersAddsTheFolder

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .fileRoundTrips: try await Self.fileRoundTrips(store, fixture)
        case .unknownIsNil: try await Self.unknownIsNil(store, fixture)
        case .namesAreComparedByteForByte: try await Self.namesAreComparedByteForByte(store, fixture)
        case .takenFolderNameIsRejected: try await Self.takenFolderNameIsRejected(store, fixture)
        case .folderNeedsItsParent: try await Self.folderNeedsItsParent(store, fixture)
        case .fileCannotBeAParent: try await Self.fileCannotBeAParent(store, fixture)
        case .renameChangesNameAndTime: try await Self.renameChangesNameAndTime(store, fixture)
        case .renameToATakenNameIsRejected: try await Self.renameToATakenNameIsRejected(store, fixture)
        case .deletingDiscardsTheObject: try await Self.deletingDiscardsTheObject(store, fixture)
        case .nonEmptyFolderIsNotDeleted: try await Self.nonEmptyFolderIsNotDeleted(store, fixture)
        case .rootIsNotDeleted: try await Self.rootIsNotDeleted(store, fixture)
        case .discardedObjectsAreOldestFirst: try await Self.discardedObjectsAreOldestFirst(store, fixture)
        case .oneOfManyCallersAddsTheFolder: try await Self.oneOfManyCallersAddsTheFolder(store, fixture)
        }
    }

    private static func fileRoundTrips(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let tags = ["z", "a", "ü"]
        let file = try await fixture.addFile("ä \"1\".bam", to: store, tags: tags, metadata: ["k": "v", "": ""])
        try expect(try await store.file(file.id), equals: file, "a stored file is read back by id unchanged")
        let byName = try await store.file(named: file.name, in: fixture.root)
        try expect(byName, equals: file, "a stored file is read back by name unchanged")
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        try expect(try await store.file(folder.id), equals: folder, "a stored folder is read back unchanged")
    }

    private static func unknownIsNil(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let now = MetadataFixture.time
        try expect(try await store.file("nope"), equals: nil, "a file of an unknown id")
        try expect(try await store.file(named: "nope", in: fixture.root), equals: nil, "a file of an unknown name")
        try expect(try await store.renameFile("nope", to: "x", now: now), equals: nil, "renaming an unknown file")
        let changed = try await store.changeMetadata("nope", ["k": "v"], replacing: true, now: now)
        try expect(changed, equals: nil, "changing metadata of an unknown file")
        try expect(try await store.replaceTags("nope", ["t"], now: now), equals: nil, "tagging an unknown file")
        try expect(try await !store.deleteFile("nope"), "there is nothing to delete")
        let list = try await store.files(in: "nope", filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 0, "files in an unknown folder")
    }

    private static func namesAreComparedByteForByte(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        // Composed and decomposed é: equal strings in Swift, but two different file names.
        let names = ["a", "A", "\u{E9}", "e\u{301}"]
        var ids: [String] = []
        for name in names {
            let folder = fixture.folder(name)
            try await store.addFolder(folder)
            ids.append(folder.id)
        }
        for (name, id) in zip(names, ids) {
            try expect(try await store.file(named: name, in: fixture.root)?.id, equals: id, "the folder named \(name)")
        }
    }

    private static func takenFolderNameIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        try await store.addFolder(fixture.folder("sub"))
        try await fixture.addFile("a.bam", to: store)
        try await expectRefusal(.folderExists) { try await store.addFolder(fixture.folder("sub")) }
        try await expectRefusal(.fileExists) { try await store.addFolder(fixture.folder("a.bam")) }
    }

    private static func folderNeedsItsParent(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await expectRefusal(.destinationNotFound) {
            try await store.addFolder(fixture.folder("sub", in: "nope"))
        }
        let other = try await MetadataFixture(in: store, user: "bob")
        try await expectRefusal(.destinationNotFound) {
            try await store.addFolder(fixture.folder("sub", in: other.root))
        }
    }

    private static func fileCannotBeAParent(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        try await expectRefusal(.destinationNotFound) {
            try await store.addFolder(fixture.folder("sub", in: file.id))
        }
        try await expectRefusal(.destinationNotFound) {
            try await store.addUpload(fixture.upload("b.bam", in: file.id))
        }
    }

    private static func renameChangesNameAndTime(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var file = try await fixture.addFile("a.bam", to: store, tags: ["t"], metadata: ["k": "v"])
        let later = MetadataFixture.time.addingTimeInterval(60)
        (file.name, file.modifiedOn) = ("b.bam", later)
        try expect(try await store.renameFile(file.id, to: "b.bam", now: later), equals: file, "the returned state")
        try expect(try await store.file(named: "a.bam", in: fixture.root), equals: nil, "the old name is free")
        try expect(
            try await store.renameFile(file.id, to: "b.bam", now: later),
            equals: file,
            "its own name is not taken"
        )
    }

    private static func renameToATakenNameIsRejected(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        try await fixture.addFile("b.bam", to: store)
        try await store.addFolder(fixture.folder("sub"))
        for taken in ["b.bam", "sub"] {
            try await expectRefusal(.fileExists) {
                try await store.renameFile(file.id, to: taken, now: MetadataFixture.time)
            }
        }
        try expect(try await store.file(file.id), equals: file, "nothing was changed")
    }

    private static func deletingDiscardsTheObject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let file = try await fixture.addFile("a.bam", to: store, tags: ["t"], metadata: ["k": "v"])
        let key = try require(file.content, "a file has contents").key
        try expect(try await store.discardedObjects(limit: 10).map(\.key), equals: [], "nothing is discarded yet")
        try expect(try await store.deleteFile(file.id), "there was such a file")
        try expect(try await store.file(file.id), equals: nil, "the file is deleted")
        try expect(try await !store.deleteFile(file.id), "a deleted file cannot be deleted again")
        try expect(try await store.discardedObjects(limit: 10).map(\.key), equals: [key], "the object is discarded")
        try await store.forgetDiscarded([key, .random()])
        try expect(try await store.discardedObjects(limit: 10).map(\.key), equals: [], "the record is deleted")
        try await store.forgetDiscarded([])
    }

    private static func nonEmptyFolderIsNotDeleted(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let file = try await fixture.addFile("a.bam", in: folder.id, to: store)
        try await expectRefusal(.folderNotEmpty) { try await store.deleteFile(folder.id) }
        try expect(try await store.deleteFile(file.id), "there was such a file")
        try expect(try await store.deleteFile(folder.id), "an empty folder is deleted")
        try expect(try await store.file(folder.id), equals: nil, "the folder is deleted")
    }

    private static func rootIsNotDeleted(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try expect(try await !store.deleteFile(fixture.root), "a root folder is deleted only with its project")
        try expect(try await store.file(fixture.root) != nil, "the root folder is still stored")
    }

    private static func discardedObjectsAreOldestFirst(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        var keys: [ObjectKey] = []
        for number in 0..<3 {
            let upload = fixture.upload("\(number)")
            try await store.addUpload(upload)
            try expect(try await store.abortUpload(upload.id), "there was such an upload")
            keys.append(upload.key)
            // Times are stored in milliseconds, so objects discarded in the same millisecond have no defined order.
            try await Task.sleep(for: .milliseconds(3))
        }
        try expect(
            try await store.discardedObjects(limit: 2).map(\.key),
            equals: Array(keys.prefix(2)),
            "the oldest come first"
        )
        try await store.forgetDiscarded([keys[0]])
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: Array(keys.dropFirst()),
            "the others follow"
        )
    }

    private static func oneOfManyCallersAddsTheFolder(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let wins = try await concurrently(16) { _ in
            do {
                try await store.addFolder(fixture.folder("sub"))
                return true
            } catch let error as PontoonError where error.code == .folderExists {
                return false
            }
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many concurrent callers adds the folder")
    }
}
