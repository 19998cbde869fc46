import Foundation
package import PontoonCore

/// Rules for the steps of a job whose files and folders other calls move, rename or delete while it runs.
package enum FileJobPlaceContract: MetadataRule, CaseIterable {
    case entriesThatLeftAreNotChanged
    case itemsThatLeftAreNotChanged
    case currentNamesAreKept
    case foldersThatLeftAreAbandoned
    case deletedFoldersAreAbandoned

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .entriesThatLeftAreNotChanged: try await Self.entriesThatLeftAreNotChanged(store, fixture)
        case .itemsThatLeftAreNotChanged: try await Self.itemsThatLeftAreNotChanged(store, fixture)
        case .currentNamesAreKept: try await Self.currentNamesAreKept(store, fixture)
        case .foldersThatLeftAreAbandoned: try await Self.foldersThatLeftAreAbandoned(store, fixture)
        case .deletedFoldersAreAbandoned: try await Self.deletedFoldersAreAbandoned(store, fixture)
        }
    }

    private static func entriesThatLeftAreNotChanged(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (source, keep) = (fixture.folder("source"), fixture.folder("keep"))
        let inner = fixture.folder("inner", in: source.id)
        for folder in [source, keep, inner] { try await store.addFolder(folder) }
        let file = try await fixture.addFile("a", in: source.id, to: store)
        let job = try await fixture.leasedJob(.move, in: store)
        try await job.enter([source], in: fixture)
        for id in [file.id, inner.id] { try await fixture.move(id, to: keep.id, in: store) }
        let moved = try await store.file(file.id)
        let actions: [FileJobStep.Action] = [
            .delete(file.id), .move(file.id, fixture.move()), .copy(file.id, fixture.copy("copy")),
            .delete(Identifiers.file(now: MetadataFixture.time)),
        ]
        for action in actions {
            var step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
            (step.action, step.visited, step.progress.completedFiles) = (action, "a", 1)
            try expect(try await job.result(of: step), equals: .entryLeft, "\(action)")
        }
        for isCopied in [false, true] {
            var step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
            (step.visited, step.entered, step.progress.depth) = ("inner", inner.id, 2)
            if isCopied { step.action = .makeFolder(fixture.folder("new")) }
            try expect(try await job.result(of: step), equals: .entryLeft, "the folder is not entered")
        }
        try expect(try await store.file(file.id), equals: moved, "the file")
        let names = try await store.entries(in: fixture.root, after: nil, limit: 9).map(\.name)
        try expect(names, equals: ["keep", "source"], "nothing was added")
        let progress = FileJobProgress(state: .running, depth: 1)
        try expect(try await store.fileJob(job.id)?.progress, equals: progress, "the progress")
        let current = FileJobFolder(source: source.id, destination: nil)
        try expect(try await job.folder(1), equals: current, "the entry is not visited yet")
        try expect(try await job.folder(2), equals: nil, "no folder was entered")
    }

    private static func itemsThatLeftAreNotChanged(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let folder = fixture.folder("f")
        try await store.addFolder(folder)
        let file = try await fixture.addFile("a", in: folder.id, to: store)
        let job = try await fixture.leasedJob(.delete, in: store)
        var step = FileJobStep(at: FileJobProgress(state: .running))
        (step.entered, step.parent, step.progress.depth) = (folder.id, folder.id, 1)
        try expect(try await job.result(of: step), equals: .entryLeft, "a folder")
        step = FileJobStep(at: FileJobProgress(state: .running))
        (step.action, step.parent) = (.delete(file.id), fixture.root)
        try expect(try await job.result(of: step), equals: .entryLeft, "a file")
        try expect(try await store.file(file.id), equals: file, "the file")
        step.parent = folder.id
        try expect(try await job.result(of: step), equals: .done(nil), "a file in its folder")
        try expect(try await store.file(file.id), equals: nil, "the file is deleted")
    }

    private static func currentNamesAreKept(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let source = fixture.folder("source")
        let inner = fixture.folder("inner", in: source.id)
        for folder in [source, inner] { try await store.addFolder(folder) }
        let file = try await fixture.addFile("a", in: source.id, to: store)
        let job = try await fixture.leasedJob(.move, in: store)
        try await job.enter([source], in: fixture)
        try await fixture.move(file.id, to: source.id, name: "b", in: store)
        try await fixture.move(inner.id, to: source.id, name: "renamed", in: store)
        var step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
        (step.action, step.visited) = (.move(file.id, fixture.move()), "a")
        try expect(try await job.perform(step)?.name, equals: "b", "the name of the file")
        step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
        (step.visited, step.entered, step.progress.depth) = ("inner", inner.id, 2)
        (step.action, step.keepsName) = (.makeFolder(fixture.folder("inner")), true)
        try expect(try await job.perform(step)?.name, equals: "renamed", "the name of the folder")
    }

    private static func foldersThatLeftAreAbandoned(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (outer, keep) = (fixture.folder("outer"), fixture.folder("keep"))
        let middle = fixture.folder("middle", in: outer.id)
        let inner = fixture.folder("inner", in: middle.id)
        for folder in [outer, keep, middle, inner] { try await store.addFolder(folder) }
        let file = try await fixture.addFile("a", in: inner.id, to: store)
        let job = try await fixture.leasedJob(.delete, in: store)
        try await job.enter([outer, middle, inner], in: fixture)
        var deletion = FileJobStep(at: FileJobProgress(state: .running, depth: 3))
        (deletion.action, deletion.visited) = (.delete(file.id), "a")
        var leaving = FileJobStep(at: FileJobProgress(state: .running, depth: 3))
        (leaving.action, leaving.leaves, leaving.progress.depth) = (.delete(inner.id), true, 2)
        try await fixture.move(middle.id, to: outer.id, name: "renamed", in: store)
        try await expectRefusal(.folderNotEmpty) { try await job.perform(leaving) }
        try await fixture.move(middle.id, to: keep.id, in: store)
        for step in [deletion, leaving] {
            try expect(try await job.result(of: step), equals: .folderLeft(2), "the folder that was moved")
        }
        try expect(try await store.file(file.id), equals: file, "the file in it")
        var step = FileJobStep(at: FileJobProgress(state: .running, depth: 3))
        (step.abandoned, step.progress.depth) = (2, 1)
        try await job.perform(step)
        for depth in 2...3 { try expect(try await job.folder(depth), equals: nil, "the folder of depth \(depth)") }
        try expect(try await job.folder(1)?.source, equals: outer.id, "the folder above")
        try await fixture.move(outer.id, to: keep.id, in: store)
        step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
        (step.action, step.leaves, step.progress.depth) = (.delete(outer.id), true, 0)
        try expect(try await job.result(of: step), equals: .folderLeft(1), "the item was moved")
        step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
        (step.abandoned, step.progress.depth) = (1, 0)
        try await job.perform(step)
        for depth in 0...1 { try expect(try await job.folder(depth), equals: nil, "no folder is left") }
        try expect(try await store.file(outer.id)?.parent, equals: keep.id, "the item")
    }

    private static func deletedFoldersAreAbandoned(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let outer = fixture.folder("outer")
        let inner = fixture.folder("inner", in: outer.id)
        for folder in [outer, inner] { try await store.addFolder(folder) }
        let job = try await fixture.leasedJob(.delete, in: store)
        try await job.enter([outer, inner], in: fixture)
        var step = FileJobStep(at: FileJobProgress(state: .running, depth: 2))
        (step.action, step.leaves, step.progress.depth) = (.delete(inner.id), true, 1)
        try expect(try await store.deleteFile(inner.id), "the folder is deleted by another call")
        try expect(try await job.result(of: step), equals: .folderLeft(2), "the deleted folder")
        try expect(try await store.deleteFile(outer.id), "the item is deleted by another call")
        try expect(try await job.result(of: step), equals: .folderLeft(1), "the first of the deleted folders")
    }
}

extension LeasedJob {
    /// Performs a step and returns its result; unlike ``perform(_:)``, does not throw if an entry or folder was moved
    /// or deleted.
    fileprivate func result(of step: FileJobStep) async throws -> FileJobStepResult {
        try await store.perform(step, ofFileJob: id, lease, now: MetadataFixture.time)
    }

    /// Enters nested folders, starting with a folder in the root folder.
    fileprivate func enter(_ folders: [File], in fixture: MetadataFixture) async throws {
        for (depth, folder) in folders.enumerated() {
            var step = FileJobStep(at: FileJobProgress(state: .running, depth: depth))
            (step.entered, step.progress.depth) = (folder.id, depth + 1)
            if depth == 0 { step.parent = fixture.root }
            try await perform(step)
        }
    }
}

extension MetadataFixture {
    /// Moves a file or folder without a job, as another call does; `nil` keeps its name.
    fileprivate func move(
        _ id: String,
        to folder: String,
        name: String? = nil,
        in store: some MetadataStore
    ) async throws {
        let moved = try await store.moveFile(id, to: folder, name: name, now: Self.time)
        try expect(moved?.parent, equals: folder, "the new folder")
    }

    /// Creates a request to move a file to the root folder under the same name.
    fileprivate func move() -> FileMove { FileMove(project: project.id, parent: root, name: nil, movedOn: Self.time) }
}
