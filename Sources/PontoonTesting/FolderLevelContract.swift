import Foundation
package import PontoonCore

/// Rules for the maximum level of folders; see ``FolderRules``.
package enum FolderLevelContract: MetadataRule, CaseIterable {
    case newFoldersHaveAMaximumLevel
    case movedFoldersHaveAMaximumLevel
    case deeperFoldersStayUsable

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .newFoldersHaveAMaximumLevel: try await Self.newFoldersHaveAMaximumLevel(store, fixture)
        case .movedFoldersHaveAMaximumLevel: try await Self.movedFoldersHaveAMaximumLevel(store, fixture)
        case .deeperFoldersStayUsable: try await Self.deeperFoldersStayUsable(store, fixture)
        }
    }

    private static func newFoldersHaveAMaximumLevel(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let maximum = FolderRules.maximumLevel
        // If a path has too many folders, only the folders up to the maximum level are added.
        let path = fixture.path(maximum + 2)
        let results = try await store.addFolders(path, by: fixture.user.name)
        let codes = results.map { result -> PontoonError.Code? in
            if case .failure(let error) = result { error.code } else { nil }
        }
        let expected = path.indices.map { index -> PontoonError.Code? in index < maximum ? nil : .limitReached }
        try expect(codes, equals: expected, "the folders of a path")
        let (last, above) = (path[maximum - 1].id, path[maximum - 2].id)
        try await store.addFolder(fixture.folder("beside", in: above))
        try await expectRefusal(.limitReached) { try await store.addFolder(fixture.folder("x", in: last)) }
        let job = try await fixture.leasedJob(.copy, in: store)
        func make(_ name: String, in parent: String) async throws {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            step.action = .makeFolder(fixture.folder(name, in: parent))
            try await job.perform(step)
        }
        try await make("of a job", in: above)
        try await expectRefusal(.limitReached) { try await make("x", in: last) }
        try expect(try await store.entries(in: last, after: nil, limit: 9), equals: [], "nothing was added")
        let file = try await fixture.addFile("file", in: last, to: store)
        try expect(try await store.file(file.id), equals: file, "files can be added")
    }

    private static func movedFoldersHaveAMaximumLevel(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let path = fixture.path(FolderRules.maximumLevel)
        _ = try await store.addFolders(path, by: fixture.user.name)
        let (last, above) = (path[path.count - 1].id, path[path.count - 2].id)
        let moved = fixture.folder("moved")
        try await store.addFolder(moved)
        let file = try await fixture.addFile("file", to: store)
        let now = MetadataFixture.time
        try await expectRefusal(.limitReached) { try await store.moveFile(moved.id, to: last, name: nil, now: now) }
        try await expectRefusal(.limitReached) { try await store.isFolder(last, inside: moved.id) }
        try await expectRefusal(.folderCycle) { try await store.moveFile(path[0].id, to: last, name: nil, now: now) }
        try expect(try await store.isFolder(last, inside: path[0].id), "the folder is inside the first one")
        try expect(try await !store.isFolder(above, inside: moved.id), "the folder is not inside another one")
        let result = try await store.moveFile(moved.id, to: above, name: nil, now: now)
        try expect(result?.parent, equals: above, "a folder may have the maximum level")
        try expect(try await store.moveFile(file.id, to: last, name: nil, now: now)?.parent, equals: last, "a file")
    }

    private static func deeperFoldersStayUsable(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let path = fixture.path(FolderRules.maximumLevel)
        _ = try await store.addFolders(path, by: fixture.user.name)
        let (outer, inner) = (fixture.folder("outer"), fixture.folder("inner"))
        for folder in [outer, inner] { try await store.addFolder(folder) }
        let now = MetadataFixture.time
        // Moves `inner` below the maximum level, which is possible because only the level of the moved folder is
        // checked.
        for (folder, parent) in [(inner.id, outer.id), (outer.id, path[path.count - 2].id)] {
            _ = try await store.moveFile(folder, to: parent, name: nil, now: now)
        }
        let file = try await fixture.addFile("file", in: inner.id, to: store)
        try expect(try await store.file(file.id), equals: file, "a file in a folder below the maximum level")
        try expect(try await store.entries(in: outer.id, after: nil, limit: 9).map(\.id), equals: [inner.id], "a list")
        try await expectRefusal(.limitReached) { try await store.addFolder(fixture.folder("x", in: inner.id)) }
        let moved = try await store.moveFile(inner.id, to: fixture.root, name: nil, now: now)
        try expect(moved?.parent, equals: fixture.root, "the folder can be moved up")
        try expect(try await store.deleteFile(outer.id), "the folder can be deleted")
    }
}

extension MetadataFixture {
    /// Creates `count` nested folders named `f`, starting in the root folder, without storing them.
    fileprivate func path(_ count: Int) -> [File] {
        var folders: [File] = []
        for _ in 0..<count { folders.append(folder("f", in: folders.last?.id)) }
        return folders
    }
}
