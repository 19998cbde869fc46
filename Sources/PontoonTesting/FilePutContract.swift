import Foundation
package import PontoonCore

/// Rules for ``FilePutStore``.
package enum FilePutContract: MetadataRule, CaseIterable {
    case addedFileHasAllItsProperties
    case takenNameIsRefused
    case takenNameIsSkipped
    case existingFileIsReplaced
    case takenNameIsNumbered
    case folderIsNeverReplaced
    case oneOfManyFilesGetsTheName
    case destinationIsChecked
    case quotaIsCharged
    case lastBytesGoToOneFile
    case leasedObjectNeedsItsLease
    case discardedObjectIsNotCommitted
    case expiredLeasesDiscardObjects
    case onlyUnrecordedObjectsAreDiscarded
    case filesAreAddedTogether
    case refusedFilesAddNothing
    case filesAddedTogetherNeedTheirLease
    case foldersAreAddedOrFound
    case parallelTreesShareFolders

    package func check(_ store: some MetadataStore) async throws {
        let ada = try await MetadataFixture(in: store)
        switch self {
        case .addedFileHasAllItsProperties: try await Self.properties(store, ada)
        case .takenNameIsRefused: try await Self.takenNameIsRefused(store, ada)
        case .takenNameIsSkipped: try await Self.takenNameIsSkipped(store, ada)
        case .existingFileIsReplaced: try await Self.existingFileIsReplaced(store, ada)
        case .takenNameIsNumbered: try await Self.takenNameIsNumbered(store, ada)
        case .folderIsNeverReplaced: try await Self.folderIsNeverReplaced(store, ada)
        case .oneOfManyFilesGetsTheName: try await Self.oneOfManyFilesGetsTheName(store, ada)
        case .destinationIsChecked: try await Self.destinationIsChecked(store, ada)
        case .quotaIsCharged: try await Self.quotaIsCharged(store, ada)
        case .lastBytesGoToOneFile: try await Self.lastBytesGoToOneFile(store, ada)
        case .leasedObjectNeedsItsLease: try await Self.leasedObjectNeedsItsLease(store, ada)
        case .discardedObjectIsNotCommitted: try await Self.discardedObjectIsNotCommitted(store, ada)
        case .expiredLeasesDiscardObjects: try await Self.expiredLeasesDiscardObjects(store, ada)
        case .onlyUnrecordedObjectsAreDiscarded: try await Self.onlyUnrecordedObjectsAreDiscarded(store, ada)
        case .filesAreAddedTogether: try await Self.filesAreAddedTogether(store, ada)
        case .refusedFilesAddNothing: try await Self.refusedFilesAddNothing(store, ada)
        case .filesAddedTogetherNeedTheirLease: try await Self.filesAddedTogetherNeedTheirLease(store, ada)
        case .foldersAreAddedOrFound: try await Self.foldersAreAddedOrFound(store, ada)
        case .parallelTreesShareFolders: try await Self.parallelTreesShareFolders(store, ada)
        }
    }

    private static func properties(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = ada.put("a.bin", size: 7, tags: ["b", "a"], metadata: ["sample": "1"])
        try expect(try await store.put(file), equals: .added(file), "the result")
        try expect(try await store.file(file.id), equals: file, "the stored file")
        let recorded = try await store.recordedObjects(among: [try file.key])
        try expect(recorded, equals: [try file.key], "its object is recorded")
        let list = try await store.files(in: ada.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 1, "the number of entries of the folder")
        try await ada.expectUsage(Usage(storedBytes: 7, files: 1), in: store)
    }

    private static func takenNameIsRefused(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let first = ada.put("a.bin")
        _ = try await store.put(first)
        let second = ada.put("a.bin")
        try await expectRefusal(.nameTaken) { try await store.put(second) }
        try expect(try await store.file(named: "a.bin", in: ada.root), equals: first, "the existing file")
        try expect(try await store.recordedObjects(among: [try second.key]), equals: [], "the other object")
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
    }

    private static func takenNameIsSkipped(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let first = ada.put("a.bin")
        try expect(try await store.put(first, .skip), equals: .added(first), "a free name")
        let second = ada.put("a.bin")
        try expect(try await store.put(second, .skip), equals: .skipped(first), "a taken name")
        try expect(try await store.recordedObjects(among: [try second.key]), equals: [], "the other object")
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
    }

    private static func existingFileIsReplaced(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let first = ada.put("a.bin", tags: ["old"])
        try expect(try await store.put(first, .overwrite), equals: .added(first), "a free name")
        let second = ada.put("a.bin", size: 3)
        try expect(try await store.put(second, .overwrite), equals: .added(second), "a taken name")
        try expect(try await store.file(first.id), equals: nil, "the old file")
        try expect(try await store.file(named: "a.bin", in: ada.root), equals: second, "the new file")
        let discarded = try await store.discardedObjects(limit: 9)
        try expect(discarded, equals: [ObjectReference(key: try first.key)], "the old object is discarded")
        try await ada.expectUsage(Usage(storedBytes: 3, files: 1), in: store)
    }

    private static func takenNameIsNumbered(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        for expected in ["a.bin", "_1_a.bin", "_2_a.bin"] {
            let added = try await store.put(ada.put("a.bin"), .rename)
            try expect(added?.file.name, equals: expected, "the name")
        }
        let name = String(repeating: "n", count: FileName.maximumScalars)
        _ = try await store.put(ada.put(name), .rename)
        try await expectRefusal(.fileNameInvalid) { try await store.put(ada.put(name), .rename) }
    }

    private static func folderIsNeverReplaced(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await store.addFolder(ada.folder("a.bin"))
        for rule in [NameConflictRule.fail, .skip, .overwrite] {
            try await expectRefusal(.folderExists) { try await store.put(ada.put("a.bin"), rule) }
        }
        let renamed = try await store.put(ada.put("a.bin"), .rename)
        try expect(renamed?.file.name, equals: "_1_a.bin", "the name")
    }

    private static func oneOfManyFilesGetsTheName(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let refusals = try await concurrently(8) { _ in
            do {
                _ = try await store.put(ada.put("fail"))
                return 0
            } catch let error as PontoonError where error.code == .nameTaken {
                return 1
            }
        }
        try expect(refusals.reduce(0, +), equals: 7, "refused files")
        let kept = try await concurrently(8) { _ in try await store.put(ada.put("skip"), .skip) }
        try expect(Set(kept.map { $0?.file.id }).count, equals: 1, "files of which all but one were skipped")
        let renamed = try await concurrently(4) { _ in try await store.put(ada.put("rename"), .rename) }
        let names = Set(renamed.map { $0?.file.name })
        try expect(names, equals: ["rename", "_1_rename", "_2_rename", "_3_rename"], "the names")
        _ = try await concurrently(4) { _ in try await store.put(ada.put("replace"), .overwrite) }
        try expect(try await store.discardedObjects(limit: 9).count, equals: 3, "replaced objects")
        try await ada.expectUsage(Usage(storedBytes: 70, files: 7), in: store)
    }

    private static func destinationIsChecked(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let elsewhere = ada.put("a.bin", in: "no folder")
        try await expectRefusal(.destinationNotFound) { try await store.put(elsewhere) }
        let file = ada.put("b.bin")
        _ = try await store.put(file)
        try await expectRefusal(.destinationNotFound) { try await store.put(ada.put("c.bin", in: file.id)) }
        for (name, mayWrite) in [("reader", false), ("writer", true)] {
            try await store.addUser(User(name: name, createdOn: MetadataFixture.time))
            let member = Member(userName: name, permissions: Permissions(write: mayWrite))
            _ = try await store.addMember(member, to: ada.project.id)
        }
        for name in ["nobody", "reader"] {
            try await expectRefusal(.destinationNotFound) { try await store.put(ada.put("c.bin"), by: name) }
        }
        try expect(try await store.put(ada.put("c.bin"), by: "writer") != nil, "a member who may write")
        try await ada.expectUsage(Usage(storedBytes: 20, files: 2), in: store)
    }
}
