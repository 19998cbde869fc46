import Foundation
package import PontoonCore

/// Rules for ``FileStore`` about lists, tags and metadata.
package enum FileListContract: MetadataRule, CaseIterable {
    case pagesAreOrderedByName
    case listContainsOneFolderOnly
    case listFiltersByName
    case listFiltersByTag
    case listFiltersByMetadata
    case listIncludesTagsAndMetadata
    case metadataIsMerged
    case metadataIsReplaced
    case metadataHasALimit
    case tagsAreReplaced

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .pagesAreOrderedByName: try await Self.pagesAreOrderedByName(store, fixture)
        case .listContainsOneFolderOnly: try await Self.listContainsOneFolderOnly(store, fixture)
        case .listFiltersByName: try await Self.listFiltersByName(store, fixture)
        case .listFiltersByTag: try await Self.listFiltersByTag(store, fixture)
        case .listFiltersByMetadata: try await Self.listFiltersByMetadata(store, fixture)
        case .listIncludesTagsAndMetadata: try await Self.listIncludesTagsAndMetadata(store, fixture)
        case .metadataIsMerged: try await Self.metadataIsMerged(store, fixture)
        case .metadataIsReplaced: try await Self.metadataIsReplaced(store, fixture)
        case .metadataHasALimit: try await Self.metadataHasALimit(store, fixture)
        case .tagsAreReplaced: try await Self.tagsAreReplaced(store, fixture)
        }
    }

    private static func names(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture,
        page: Page = .all,
        total: Int? = nil,
        _ change: (inout FileFilter) -> Void = { _ in }
    ) async throws -> [String] {
        var filter = FileFilter()
        change(&filter)
        let list = try await store.files(in: fixture.root, filter: filter, window: .page(page))
        try expect(list.total, equals: total ?? list.items.count, "the total counts the matching entries")
        return list.items.map(\.name)
    }

    private static func pagesAreOrderedByName(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["b", "a", "é", "B", "a.b"] { try await store.addFolder(fixture.folder(name)) }
        let sorted = ["B", "a", "a.b", "b", "é"]
        let pages: [(page: Page, expected: ArraySlice<String>)] = [
            (.all, sorted[...]), (Page(offset: 0, limit: 2), sorted[0..<2]), (Page(offset: 2, limit: 2), sorted[2..<4]),
            (Page(offset: 4, limit: 2), sorted[4..<5]), (Page(offset: 5, limit: 2), []),
            (Page(offset: 0, limit: 0), []),
        ]
        for (page, expected) in pages {
            let found = try await names(store, fixture, page: page, total: 5)
            try expect(found, equals: Array(expected), "names in order of their bytes")
        }
    }

    private static func listContainsOneFolderOnly(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        try await fixture.addFile("inside", in: folder.id, to: store)
        _ = try await MetadataFixture(in: store, user: "bob")
        try expect(try await names(store, fixture), equals: ["sub"], "no files of subfolders or other folders")
        let inside = try await store.files(in: folder.id, filter: FileFilter(), window: .page(.all))
        try expect(inside.items.map(\.name), equals: ["inside"], "the contents of the folder")
    }

    private static func listFiltersByName(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["a", "b", "c"] { try await store.addFolder(fixture.folder(name)) }
        let cases: [(wanted: [String]?, expected: [String])] = [
            (nil, ["a", "b", "c"]), (["c", "a", "x"], ["a", "c"]), (["A"], []), ([], []),
        ]
        for (wanted, expected) in cases {
            let found = try await names(store, fixture) { $0.names = wanted }
            try expect(found, equals: expected, "any of these names: \(wanted ?? ["any"])")
        }
        let nothing = try await names(store, fixture) { $0.matchesNothing = true }
        try expect(nothing, equals: [], "a filter that matches nothing")
    }

    private static func listFiltersByTag(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await fixture.addFile("a", to: store, tags: ["x", "y"])
        try await fixture.addFile("b", to: store, tags: ["y"])
        try await fixture.addFile("c", to: store)
        let cases: [(wanted: [String]?, expected: [String])] = [
            (nil, ["a", "b", "c"]), ([], ["a", "b", "c"]), (["y"], ["a", "b"]), (["x", "y"], ["a", "b"]), (["X"], []),
        ]
        for (wanted, expected) in cases {
            let found = try await names(store, fixture) { $0.tags = wanted }
            try expect(found, equals: expected, "any of these tags: \(wanted ?? ["any"])")
        }
    }

    private static func listFiltersByMetadata(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await fixture.addFile("a", to: store, tags: ["t"], metadata: ["sample": "1", "type": "wgs"])
        try await fixture.addFile("b", to: store, tags: ["t"], metadata: ["sample": "2", "type": "wgs"])
        try await fixture.addFile("c", to: store, metadata: ["sample": "1", "type": "wes"])
        try await fixture.addFile("d", to: store)
        let cases: [(wanted: [String: [String]], expected: [String])] = [
            ([:], ["a", "b", "c", "d"]), (["sample": ["1"]], ["a", "c"]), (["sample": ["1", "2"]], ["a", "b", "c"]),
            (["sample": ["1"], "type": ["wgs"]], ["a"]), (["sample": ["1", "2"], "type": ["wes", "x"]], ["c"]),
            (["sample": ["WGS"]], []), (["Sample": ["1"]], []), (["sample": []], ["a", "b", "c", "d"]),
        ]
        for (wanted, expected) in cases {
            let found = try await names(store, fixture) { $0.metadata = wanted }
            try expect(found, equals: expected, "any of the values for each key: \(wanted)")
        }
        let all = try await names(store, fixture, page: Page(offset: 0, limit: 1), total: 2) {
            $0.tags = ["t"]
            $0.names = ["a", "b", "c"]
            $0.metadata = ["type": ["wgs"]]
        }
        try expect(all, equals: ["a"], "all filters together, in pages")
    }

    private static func listIncludesTagsAndMetadata(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let files = [
            try await fixture.addFile("a", to: store, tags: ["2", "1"], metadata: ["k": "v", "l": "w"]),
            try await fixture.addFile("b", to: store, tags: ["3"]),
            try await fixture.addFile("c", to: store, metadata: ["k": "x"]),
        ]
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(list.items, equals: files, "a list includes tags and metadata")
    }

    private static func metadataIsMerged(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var file = try await fixture.addFile(
            "a",
            to: store,
            tags: ["t"],
            metadata: ["keep": "1", "set": "2", "drop": "3"]
        )
        let later = MetadataFixture.time.addingTimeInterval(60)
        let change: [String: String?] = ["set": "new", "drop": nil, "add": "", "unknown": nil]
        (file.metadata, file.modifiedOn) = (["keep": "1", "set": "new", "add": ""], later)
        let changed = try await store.changeMetadata(file.id, change, replacing: false, now: later)
        try expect(changed, equals: file, "the returned state")
        try expect(try await store.file(file.id), equals: file, "the stored state")
    }

    private static func metadataIsReplaced(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store, metadata: ["old": "1", "set": "2"])
        let change: [String: String?] = ["set": "new", "gone": nil]
        let changed = try await store.changeMetadata(file.id, change, replacing: true, now: MetadataFixture.time)
        try expect(changed?.metadata, equals: ["set": "new"], "only the given pairs remain")
        let empty = try await store.changeMetadata(file.id, [:], replacing: true, now: MetadataFixture.time)
        try expect(empty?.metadata, equals: [:], "replacing with nothing removes everything")
    }

    private static func metadataHasALimit(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let now = MetadataFixture.time
        let most: [String: String?] = Dictionary(
            uniqueKeysWithValues: (0..<MetadataRules.maximumPairs).map { ("key\($0)", "value\($0)") }
        )
        let full = try await store.changeMetadata(file.id, most, replacing: false, now: now)
        try expect(full?.metadata.count, equals: MetadataRules.maximumPairs, "as many pairs as are allowed")
        try await expectRefusal(.metadataInvalid) {
            try await store.changeMetadata(
                file.id,
                ["one more": "", "key0": nil, "and": ""],
                replacing: false,
                now: now
            )
        }
        try expect(try await store.file(file.id), equals: full, "a rejected change changes nothing")
        let swapped = try await store.changeMetadata(file.id, ["key0": nil, "other": ""], replacing: false, now: now)
        try expect(
            swapped?.metadata.count,
            equals: MetadataRules.maximumPairs,
            "the limit applies to the result, not to the change"
        )
        let fewer = try await store.changeMetadata(file.id, ["only": "1"], replacing: true, now: now)
        try expect(fewer?.metadata, equals: ["only": "1"], "replaced pairs do not count")
    }

    private static func tagsAreReplaced(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var file = try await fixture.addFile("a", to: store, tags: ["old", "both"], metadata: ["k": "v"])
        let later = MetadataFixture.time.addingTimeInterval(60)
        (file.tags, file.modifiedOn) = (["z", "both", "a"], later)
        let changed = try await store.replaceTags(file.id, file.tags, now: later)
        try expect(changed, equals: file, "the returned state, in the caller's order")
        try expect(try await store.replaceTags(file.id, [], now: later)?.tags, equals: [], "no tags")
        try expect(try await store.file(file.id)?.tags, equals: [], "the stored state")
    }
}
