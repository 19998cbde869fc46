import Foundation
import PontoonCore

extension CopyMoveContract {
    static func copySharesTheObject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let original = try await fixture.addFile("a.bam", to: store, tags: ["z", "a"], metadata: ["k": "v"])
        let later = MetadataFixture.time.addingTimeInterval(60)
        let other = try await MetadataFixture(in: store, user: "bob")
        let wanted = other.copy(named: "b.bam", createdOn: later)
        let copy = try require(try await store.copyFile(original.id, as: wanted), "there is such a file")
        let expected = File(
            id: wanted.id,
            name: "b.bam",
            kind: .file,
            project: other.project.id,
            parent: other.root,
            content: original.content,
            createdOn: later,
            tags: original.tags,
            metadata: original.metadata
        )
        try expect(copy, equals: expected, "a copy equals the original except for its location")
        try expect(try await store.file(copy.id), equals: copy, "the copy is stored")
        try expect(try await store.file(original.id), equals: original, "the original is unchanged")
        let named = try await store.copyFile(original.id, as: other.copy())
        try expect(named?.name, equals: "a.bam", "a copy without a requested name has the original's")
    }

    static func copyOfUnknownFileIsNil(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        try expect(try await store.copyFile("nope", as: fixture.copy()), equals: nil, "a copy of an unknown file")
        let copy = try await store.copyFile(folder.id, as: fixture.copy(named: "copy"))
        try expect(copy, equals: nil, "a copy of a folder")
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 1, "nothing was added")
    }

    static func copyToATakenNameIsRejected(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        try await store.addFolder(fixture.folder("sub"))
        for name in [nil, "a.bam", "sub"] {
            try await expectRefusal(.fileExists) { try await store.copyFile(file.id, as: fixture.copy(named: name)) }
        }
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(list.total, equals: 2, "nothing was added")
    }

    static func copyIsNumbered(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        try await store.addFolder(fixture.folder("2_a.bam"))
        var names: [String?] = []
        for _ in 0..<3 {
            names.append(try await store.copyFile(file.id, as: fixture.copy(conflictPolicy: .number))?.name)
        }
        try expect(names, equals: ["1_a.bam", "3_a.bam", "4_a.bam"], "the first free number")
        let free = try await store.copyFile(file.id, as: fixture.copy(named: "b.bam", conflictPolicy: .number))
        try expect(free?.name, equals: "b.bam", "a free name gets no number")
        // Composed and decomposed é: equal strings in Swift, but two different file names.
        try await fixture.addFile("\u{E9}", to: store)
        let accent = try await store.copyFile(file.id, as: fixture.copy(named: "e\u{301}", conflictPolicy: .number))
        try expect(accent.map { Array($0.name.utf8) }, equals: Array("e\u{301}".utf8), "names are compared by bytes")
        for number in 5...130 { try await store.addFolder(fixture.folder("\(number)_a.bam")) }
        let far = try await store.copyFile(file.id, as: fixture.copy(conflictPolicy: .number))
        try expect(far?.name, equals: "131_a.bam", "the first free number after many taken ones")
    }

    static func numberedNameHasALimit(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let longest = String(repeating: "x", count: FileName.maximumScalars)
        let file = try await fixture.addFile(longest, to: store)
        try await expectRefusal(.fileNameInvalid) {
            try await store.copyFile(file.id, as: fixture.copy(conflictPolicy: .number))
        }
    }

    static func copyNeedsItsFolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a.bam", to: store)
        let other = try await MetadataFixture(in: store, user: "bob")
        for parent in ["nope", file.id, other.root] {
            try await expectRefusal(.destinationNotFound) {
                try await store.copyFile(file.id, as: fixture.copy(named: "b.bam", to: parent))
            }
        }
    }

    static func objectIsDiscardedWithItsLastFile(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let original = try await fixture.addFile("a.bam", to: store)
        let key = try require(original.content, "a file has contents").key
        let first = try require(try await store.copyFile(original.id, as: fixture.copy(named: "b")), "a copy")
        let second = try require(try await store.copyFile(first.id, as: fixture.copy(named: "c")), "a copy of a copy")
        for id in [original.id, second.id] {
            try expect(try await store.deleteFile(id), "there was such a file")
            try expect(
                try await store.discardedObjects(limit: 9).map(\.key),
                equals: [],
                "another file uses the object"
            )
        }
        try expect(try await store.file(first.id)?.content?.key, equals: key, "the remaining file refers to the object")
        try expect(try await store.deleteFile(first.id), "there was such a file")
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [key], "no file uses the object")
    }

    static func copiedObjectOutlivesItsProject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let shared = try await fixture.addFile("shared", to: store)
        let own = try await fixture.addFile("own", to: store)
        _ = try await store.copyFile(own.id, as: fixture.copy(named: "own twice"))
        let other = try await MetadataFixture(in: store, user: "bob")
        let copy = try require(try await store.copyFile(shared.id, as: other.copy()), "a copy")
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        let ownKey = try require(own.content, "a file has contents").key
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [ownKey],
            "objects that no other project uses, each once"
        )
        try expect(try await store.file(copy.id), equals: copy, "the copy is complete")
        try expect(try await store.deleteProject(other.project.id) != nil, "there was such a project")
        let keys = Set(try await store.discardedObjects(limit: 9).map(\.key))
        try expect(
            keys,
            equals: Set([own, shared].compactMap(\.content?.key)),
            "the object is discarded with its last copy"
        )
    }

    static func overwrittenCopyKeepsTheObject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let original = try await fixture.addFile("a.bam", to: store)
        _ = try await store.copyFile(original.id, as: fixture.copy(named: "b.bam"))
        let upload = fixture.upload("b.bam", overwrite: true)
        try await fixture.addCompletingUpload(upload, to: store)
        let file = fixture.file(of: upload)
        try expect(try await store.completeUpload(upload.id, file: file, overwrite: true), "the upload completes")
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [],
            "the original still uses the object"
        )
    }

    static func lastConcurrentDeletionDiscardsTheObject(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let original = try await fixture.addFile("0", to: store)
        var ids = [original.id]
        for number in 1..<16 {
            let copy = try await store.copyFile(original.id, as: fixture.copy(named: "\(number)"))
            ids.append(try require(copy, "a copy").id)
        }
        let files = ids
        let deletions = try await concurrently(files.count) { try await store.deleteFile(files[$0]) }
        try expect(deletions.allSatisfy { $0 }, "there were such files")
        let key = try require(original.content, "a file has contents").key
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [key],
            "the last of concurrent deletions discards the object"
        )
    }

    static func concurrentCopyAndDeletionAreOrdered(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        for round in 0..<12 {
            let original = try await fixture.addFile("a", to: store)
            let key = try require(original.content, "a file has contents").key
            let copy = fixture.copy(named: "copy \(round)")
            async let deletion = store.deleteFile(original.id)
            async let copying = store.copyFile(original.id, as: copy)
            let (isDeleted, made) = try await (deletion, copying)
            try expect(isDeleted, "there was such a file")
            let isDiscarded = try await store.discardedObjects(limit: 100).map(\.key).contains(key)
            try expect(isDiscarded, equals: made == nil, "the object is discarded unless the copy uses it")
            try expect(try await store.file(copy.id), equals: made, "the copy is stored if it was made")
        }
    }

    static func concurrentCopiesGetDifferentNumbers(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let file = try await fixture.addFile("a", to: store)
        let names = try await concurrently(16) { _ in
            try await store.copyFile(file.id, as: fixture.copy(conflictPolicy: .number))?.name
        }
        try expect(Set(names), equals: Set((1...16).map { "\($0)_a" }), "concurrent copies get consecutive numbers")
    }
}
