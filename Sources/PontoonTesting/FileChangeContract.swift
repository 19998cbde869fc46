import Foundation
package import PontoonCore

/// Rules for ``FileStore`` about atomic changes, and about lists that continue after a given name.
package enum FileChangeContract: MetadataRule, CaseIterable {
    case changeIsAtomic
    case rejectedChangeChangesNothing
    case concurrentChangesAreAtomic
    case concurrentMergesAreNotLost
    case scrollIsOrderedByName
    case scrollIsFiltered
    case scrollToleratesChanges

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .changeIsAtomic: try await Self.changeIsAtomic(store, fixture)
        case .rejectedChangeChangesNothing: try await Self.rejectedChangeChangesNothing(store, fixture)
        case .concurrentChangesAreAtomic: try await Self.concurrentChangesAreAtomic(store, fixture)
        case .concurrentMergesAreNotLost: try await Self.concurrentMergesAreNotLost(store, fixture)
        case .scrollIsOrderedByName: try await Self.scrollIsOrderedByName(store, fixture)
        case .scrollIsFiltered: try await Self.scrollIsFiltered(store, fixture)
        case .scrollToleratesChanges: try await Self.scrollToleratesChanges(store, fixture)
        }
    }

    private static func changeIsAtomic(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var file = try await fixture.addFile("a", to: store, tags: ["old"], metadata: ["keep": "1", "drop": "2"])
        let later = MetadataFixture.time.addingTimeInterval(60)
        let change = FileChange(name: "b", metadata: ["drop": nil, "add": "3"], tags: ["new"])
        (file.name, file.modifiedOn, file.tags) = ("b", later, ["new"])
        file.metadata = ["keep": "1", "add": "3"]
        try expect(try await store.updateFile(file.id, change, now: later), equals: file, "the returned state")
        try expect(try await store.file(file.id), equals: file, "the stored state")
        let replaced = try await store.updateFile(
            file.id,
            FileChange(metadata: ["only": "4", "gone": nil], replacesMetadata: true),
            now: later
        )
        (file.metadata) = ["only": "4"]
        try expect(replaced, equals: file, "unspecified fields are unchanged")
        try expect(try await store.updateFile("nope", change, now: later), equals: nil, "there is no such file")
    }

    private static func rejectedChangeChangesNothing(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let file = try await fixture.addFile("a", to: store, tags: ["old"], metadata: ["k": "old"])
        try await fixture.addFile("b", to: store)
        let taken = FileChange(name: "b", metadata: ["k": "new"], tags: ["new"])
        try await expectRefusal(.fileExists) { try await store.updateFile(file.id, taken, now: MetadataFixture.time) }
        let tooMany = (0...MetadataRules.maximumPairs).map { ("\($0)", "v" as String?) }
        let large = FileChange(name: "c", metadata: Dictionary(uniqueKeysWithValues: tooMany), tags: ["new"])
        try await expectRefusal(.metadataInvalid) {
            try await store.updateFile(file.id, large, now: MetadataFixture.time)
        }
        try expect(try await store.file(file.id), equals: file, "neither name nor metadata nor tags change")
    }

    private static func concurrentChangesAreAtomic(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let file = try await fixture.addFile("a", to: store, tags: ["0"], metadata: ["k": "0"])
        let states = try await concurrently(32) { index in
            let value = "\(index)"
            let change = FileChange(name: value, metadata: ["k": value, "l": value], tags: [value, value + "!"])
            return try await store.updateFile(file.id, change, now: MetadataFixture.time)
        }
        for state in states + [try await store.file(file.id)] {
            let state = try require(state, "there is such a file")
            try expect(state.metadata, equals: ["k": state.name, "l": state.name], "one change's metadata")
            try expect(state.tags, equals: [state.name, state.name + "!"], "the same change's tags")
        }
        try expect(Set(states.compactMap { $0?.name }).count, equals: 32, "each caller sees its own change")
    }

    private static func concurrentMergesAreNotLost(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let file = try await fixture.addFile("a", to: store)
        _ = try await concurrently(32) { index in
            try await store.updateFile(file.id, FileChange(metadata: ["\(index)": "v"]), now: MetadataFixture.time)
        }
        try expect(try await store.file(file.id)?.metadata.count, equals: 32, "changes of other keys are not lost")
    }

    private static func scrollIsOrderedByName(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["b", "a", "é", "B", "a.b"] { try await store.addFolder(fixture.folder(name)) }
        let cases: [(after: String?, limit: Int, expected: [String])] = [
            (nil, 9, ["B", "a", "a.b", "b", "é"]), (nil, 2, ["B", "a"]), ("a", 2, ["a.b", "b"]), ("b", 2, ["é"]),
            ("é", 2, []), ("a.", 1, ["a.b"]), ("zz", 9, ["é"]), (nil, 0, []),
        ]
        for (name, limit, expected) in cases {
            let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .after(name, limit: limit))
            try expect(list.items.map(\.name), equals: expected, "names after \(name ?? "nothing")")
            try expect(list.total, equals: 5, "the total counts the whole folder")
        }
        let nowhere = try await store.files(in: "nope", filter: FileFilter(), window: .after(nil, limit: 9))
        try expect(nowhere.total, equals: 0, "files in an unknown folder")
    }

    private static func scrollIsFiltered(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for name in ["a", "b", "c"] {
            try await fixture.addFile(name, to: store, tags: ["t"], metadata: ["k": name])
        }
        try await fixture.addFile("d", to: store)
        func names(_ change: (inout FileFilter) -> Void) async throws -> [String] {
            var filter = FileFilter()
            change(&filter)
            return try await store.files(in: fixture.root, filter: filter, window: .after("a", limit: 9)).items.map(
                \.name
            )
        }
        try expect(try await names { $0.tags = ["t"] }, equals: ["b", "c"], "by tag")
        try expect(try await names { $0.names = ["a", "c"] }, equals: ["c"], "by name")
        try expect(try await names { $0.metadata = ["k": ["b"]] }, equals: ["b"], "by metadata")
        try expect(try await names { $0.names = [] }, equals: [], "no name matches nothing")
        try expect(try await names { $0.matchesNothing = true }, equals: [], "a filter that matches nothing")
    }

    private static func scrollToleratesChanges(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        var ids: [String: String] = [:]
        for number in 10..<30 {
            let folder = fixture.folder("\(number)")
            try await store.addFolder(folder)
            ids[folder.name] = folder.id
        }
        var seen: [String] = []
        var last: String?
        while true {
            let page = try await store.files(in: fixture.root, filter: FileFilter(), window: .after(last, limit: 3))
                .items
            guard let end = page.last else { break }
            seen += page.map(\.name)
            last = end.name
            // A concurrent client deletes the last returned entry and adds one that sorts before it.
            try expect(try await store.deleteFile(try require(ids[end.name], "a folder")), "there was such a folder")
            try await store.addFolder(fixture.folder("0-\(end.name)"))
        }
        try expect(seen, equals: (10..<30).map(String.init), "each entry is returned once despite concurrent changes")
    }
}
