import Foundation
package import PontoonCore

/// Rules for the steps of jobs.
///
/// Each step changes files and the job's progress in one transaction. ``FileJobPlaceContract`` contains the rules about
/// files and folders that other calls move, rename or delete.
package enum FileJobStepContract: MetadataRule, CaseIterable {
    case foldersAreVisited
    case refusedStepChangesNothing
    case stepIsPerformedOnce
    case filesAreMovedBetweenProjects
    case movedFileIsNumbered
    case movesComplyWithQuotas
    case foldersAreFoundOrAdded
    case cyclesAreRefused
    case resultsFollowTheItems
    case foldersAreInsideOthers

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .foldersAreVisited: try await Self.foldersAreVisited(store, fixture)
        case .refusedStepChangesNothing: try await Self.refusedStepChangesNothing(store, fixture)
        case .stepIsPerformedOnce: try await Self.stepIsPerformedOnce(store, fixture)
        case .filesAreMovedBetweenProjects: try await Self.filesAreMovedBetweenProjects(store, fixture)
        case .movedFileIsNumbered: try await Self.movedFileIsNumbered(store, fixture)
        case .movesComplyWithQuotas: try await Self.movesComplyWithQuotas(store, fixture)
        case .foldersAreFoundOrAdded: try await Self.foldersAreFoundOrAdded(store, fixture)
        case .cyclesAreRefused: try await Self.cyclesAreRefused(store, fixture)
        case .resultsFollowTheItems: try await Self.resultsFollowTheItems(store, fixture)
        case .foldersAreInsideOthers: try await Self.foldersAreInsideOthers(store, fixture)
        }
    }

    private static func foldersAreVisited(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("f")
        try await store.addFolder(folder)
        for name in ["b", "a", "c"] { try await store.addFolder(fixture.folder(name, in: folder.id)) }
        let names = { (after: String?, limit: Int) in
            try await store.entries(in: folder.id, after: after, limit: limit).map(\.name)
        }
        try expect(try await names(nil, 2), equals: ["a", "b"], "the first entries")
        try expect(try await names("b", 2), equals: ["c"], "the entries after a name")
        let job = try await fixture.leasedJob(.delete, in: store)
        let inner = try require(try await store.file(named: "a", in: folder.id), "the first entry")
        var step = FileJobStep(at: FileJobProgress(state: .running))
        (step.entered, step.parent, step.progress.depth) = (folder.id, fixture.root, 1)
        try await job.perform(step)
        try expect(try await job.folder(1), equals: FileJobFolder(source: folder.id, destination: nil), "entered")
        step = FileJobStep(at: step.progress)
        (step.visited, step.entered, step.progress.depth) = ("a", inner.id, 2)
        try await job.perform(step)
        let visited = FileJobFolder(source: folder.id, destination: nil, after: "a")
        try expect(try await job.folder(1), equals: visited, "the visited entry")
        try expect(try await job.folder(2)?.source, equals: inner.id, "the inner folder")
        step = FileJobStep(at: step.progress)
        (step.leaves, step.progress.depth) = (true, 1)
        try await job.perform(step)
        try expect(try await job.folder(2), equals: nil, "the inner folder was left")
        try expect(try await job.folder(1), equals: visited, "the outer folder is current again")
        step = FileJobStep(at: step.progress)
        (step.leaves, step.progress.depth) = (true, 0)
        step.action = .delete(folder.id)
        try await expectRefusal(.folderNotEmpty) { try await job.perform(step) }
        try expect(try await job.folder(1), equals: visited, "a folder that is not empty is not left")
    }

    private static func refusedStepChangesNothing(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let job = try await fixture.leasedJob(.copy, in: store)
        let missing = Identifiers.file(now: MetadataFixture.time)
        let move = FileMove(project: fixture.project.id, parent: fixture.root, name: nil, movedOn: MetadataFixture.time)
        let actions: [FileJobStep.Action] = [
            .copy(missing, fixture.copy("x")), .move(missing, move), .delete(missing), .delete(fixture.root),
            .move(fixture.root, move),
        ]
        for action in actions {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            step.action = action
            step.progress.completedFiles = 1
            try await expectRefusal(.fileNotFound) { try await job.perform(step) }
        }
        let file = try await fixture.addFile("a", to: store)
        var step = FileJobStep(at: FileJobProgress(state: .running))
        step.progress.completedFiles = 1
        let elsewhere = FileMove(
            project: fixture.project.id,
            parent: file.id,
            name: nil,
            movedOn: MetadataFixture.time
        )
        step.action = .move(file.id, elsewhere)
        try await expectRefusal(.destinationNotFound) { try await job.perform(step) }
        try expect(try await store.fileJob(job.id)?.progress, equals: FileJobProgress(), "the progress")
        try expect(try await store.file(file.id), equals: file, "the file")
    }

    private static func stepIsPerformedOnce(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let job = try await fixture.leasedJob(.copy, in: store)
        // After the worker that holds the lease, another worker tries to perform the same step.
        var step = FileJobStep(at: FileJobProgress(state: .running))
        step.action = .copy(file.id, fixture.copy("copy"))
        try await job.perform(step)
        let late = LeasedJob(store: store, id: job.id, lease: Lease(id: "late", expiresOn: .distantFuture))
        let result = try await store.perform(step, ofFileJob: late.id, late.lease, now: MetadataFixture.time)
        try expect(result, equals: .lost, "without the lease")
        let names = try await store.entries(in: fixture.root, after: nil, limit: 9).map(\.name)
        try expect(names, equals: ["a", "copy"], "there is one copy")
    }

    private static func filesAreMovedBetweenProjects(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        var file = try await fixture.addFile("a", to: store, tags: ["t"], metadata: ["k": "v"])
        let job = try await fixture.leasedJob(.move, in: store)
        let later = MetadataFixture.time.addingTimeInterval(60)
        var step = FileJobStep(at: FileJobProgress(state: .running))
        step.action = .move(file.id, FileMove(project: other.project.id, parent: other.root, name: "b", movedOn: later))
        let moved = try require(try await job.perform(step), "the moved file")
        try expect(moved.id, equals: file.id, "the file keeps its id")
        file = File(
            id: file.id,
            name: "b",
            kind: .file,
            project: other.project.id,
            parent: other.root,
            content: file.content,
            createdOn: file.createdOn,
            modifiedOn: later,
            tags: ["t"],
            metadata: ["k": "v"]
        )
        try expect(moved, equals: file, "the moved file")
        try expect(try await store.file(file.id), equals: file, "the stored file")
        var filter = FileFilter()
        (filter.tags, filter.metadata) = (["t"], ["k": ["v"]])
        let found = try await store.files(in: other.root, filter: filter, window: .page(.all))
        try expect(found.items, equals: [file], "the file is found by its labels")
        try await fixture.expectUsage(Usage(), in: store)
        try await other.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
        for (root, total) in [(fixture.root, 0), (other.root, 1)] {
            let list = try await store.files(in: root, filter: FileFilter(), window: .page(.all))
            try expect(list.total, equals: total, "the number of entries")
        }
        try expect(try await store.deleteFile(file.id), "the file can be deleted")
        try await other.expectUsage(Usage(), in: store)
    }

    private static func movedFileIsNumbered(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("f")
        try await store.addFolder(folder)
        try await fixture.addFile("a", in: folder.id, to: store)
        try await store.addFolder(fixture.folder("1_a", in: folder.id))
        let file = try await fixture.addFile("a", to: store)
        let job = try await fixture.leasedJob(.move, in: store)
        func move(to parent: String, _ name: String?) async throws -> String? {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            let now = MetadataFixture.time
            step.action = .move(
                file.id,
                FileMove(project: fixture.project.id, parent: parent, name: name, movedOn: now)
            )
            return try await job.perform(step)?.name
        }
        try expect(try await move(to: folder.id, nil), equals: "2_a", "a free name")
        try expect(try await move(to: folder.id, nil), equals: "2_a", "its own name is free")
        try expect(try await move(to: fixture.root, "b"), equals: "b", "a new name")
        let long = String(repeating: "x", count: 255)
        try await fixture.addFile(long, in: folder.id, to: store)
        try await expectRefusal(.fileNameInvalid) { try await move(to: folder.id, long) }
    }

    private static func movesComplyWithQuotas(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let second = MetadataFixture.project(ProjectID(owner: fixture.user.name, shortName: "a-second"))
        _ = try await store.addProject(second)
        _ = try await store.setQuota(QuotaChange(bytes: .limit(9)), of: .project(second.id))
        _ = try await store.setQuota(QuotaChange(bytes: .limit(10), files: .limit(1)), of: .user(fixture.user.name))
        let job = try await fixture.leasedJob(.move, in: store)
        func move(to project: Project) async throws {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            let (root, now) = (project.rootFolder, MetadataFixture.time)
            step.action = .move(file.id, FileMove(project: project.id, parent: root, name: nil, movedOn: now))
            _ = try await job.perform(step)
        }
        try await expectRefusal(.quotaExceeded) { try await move(to: second) }
        try expect(try await store.file(file.id), equals: file, "the file was not moved")
        _ = try await store.setQuota(QuotaChange(bytes: .limit(10)), of: .project(second.id))
        // The owner's quota is reached, but the move is allowed, because the owner does not change.
        try await move(to: second)
        try expect(try await store.file(file.id)?.project, equals: second.id, "the file was moved")
        let usages = [
            try await store.usage(of: .project(fixture.project.id))?.usage,
            try await store.usage(of: .project(second.id))?.usage,
            try await store.usage(of: .user(fixture.user.name))?.usage,
        ]
        let one = Usage(storedBytes: 10, files: 1)
        try expect(usages, equals: [Usage(), one, one], "the usages")
        try await move(to: fixture.project)
        try await fixture.expectUsage(one, in: store)
        let other = try await MetadataFixture(in: store, user: "bob")
        _ = try await store.setQuota(QuotaChange(files: .limit(0)), of: .user("bob"))
        try await expectRefusal(.quotaExceeded) { try await move(to: other.project) }
    }

    private static func foldersAreFoundOrAdded(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let job = try await fixture.leasedJob(.copy, in: store)
        func make(_ name: String, in parent: String? = nil) async throws -> File? {
            var step = FileJobStep(at: FileJobProgress(state: .running))
            step.action = .makeFolder(fixture.folder(name, in: parent))
            return try await job.perform(step)
        }
        let added = try require(try await make("f"), "a folder is added")
        try expect(try await store.file(added.id), equals: added, "the stored folder")
        try expect(try await make("f"), equals: added, "the existing folder")
        try await fixture.addFile("x", to: store)
        try expect(try await make("x")?.name, equals: "1_x", "a file has the name")
        try await expectRefusal(.destinationNotFound) { try await make("y", in: "nope") }
        let list = try await store.files(in: fixture.root, filter: FileFilter(), window: .page(.all))
        try expect(list.items.map(\.name), equals: ["1_x", "f", "x"], "the entries")
        try expect(list.total, equals: 3, "the number of entries")
    }

    private static func cyclesAreRefused(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for (kind, code) in [(FileJob.Kind.copy, PontoonError.Code.copyCycle), (.move, .moveCycle)] {
            let job = try await fixture.leasedJob(kind, in: store)
            let outer = fixture.folder("o \(kind)")
            let source = fixture.folder("s \(kind)", in: outer.id)
            let other = fixture.folder("other", in: source.id)
            for folder in [outer, source, other] { try await store.addFolder(folder) }
            var step = FileJobStep(at: FileJobProgress(state: .running))
            let destination = fixture.folder("d \(kind)")
            (step.entered, step.progress.depth, step.action) = (outer.id, 1, .makeFolder(destination))
            try await job.perform(step)
            _ = try await store.moveFile(destination.id, to: outer.id, name: nil, now: MetadataFixture.time)
            // First, the destination is visited as a source; then a source is its own destination.
            for (entered, folder) in [(destination.id, fixture.folder("new")), (source.id, source)] {
                step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
                (step.entered, step.progress.depth, step.action) = (entered, 2, .makeFolder(folder))
                try await expectRefusal(code) { try await job.perform(step) }
            }
            // A folder that is being visited becomes the destination of a folder inside it.
            step = FileJobStep(at: FileJobProgress(state: .running, depth: 1))
            (step.entered, step.progress.depth, step.action) = (source.id, 2, .makeFolder(fixture.folder("t \(kind)")))
            try await job.perform(step)
            step = FileJobStep(at: FileJobProgress(state: .running, depth: 2))
            (step.entered, step.progress.depth, step.action) = (other.id, 3, .makeFolder(source))
            try await expectRefusal(code) { try await job.perform(step) }
        }
        try expect(try await store.file(named: "new", in: fixture.root), equals: nil, "no folder was added")
    }

    private static func resultsFollowTheItems(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let file = try await fixture.addFile("a", to: store)
        let place = FolderReference.project(fixture.project.id)
        let items = (0..<3).map { FileJobItem(file: file.id, destination: place, name: "\($0)") }
        let job = try await fixture.leasedJob(.copy, items, in: store)
        var step = FileJobStep(at: FileJobProgress(state: .running))
        (step.action, step.isResult, step.progress.item) = (.copy(file.id, fixture.copy("0")), true, 1)
        let copy = try require(try await job.perform(step), "a copy")
        let first = FileJobResult.file(
            FileJobFile(id: copy.id, name: "0", kind: .file, project: copy.project, parent: fixture.root)
        )
        try expect(try await job.results(), equals: [first], "the result of the first item")
        for (code, message) in [(PontoonError.Code.copyForbidden, "first"), (.fileExists, "second")] {
            step = FileJobStep(at: FileJobProgress(state: .running, item: 1))
            step.failure = FileJobFailure(code: code, message: message)
            try await job.perform(step)
        }
        step = FileJobStep(at: FileJobProgress(state: .running, item: 1))
        step.progress.item = 2
        try await job.perform(step)
        let second = FileJobResult.failed(FileJobFailure(code: .copyForbidden, message: "first"))
        try expect(try await job.results(), equals: [first, second], "the first failure of an item counts")
        step = FileJobStep(at: FileJobProgress(state: .running, item: 2))
        (step.action, step.isResult) = (.makeFolder(fixture.folder("f")), true)
        (step.entered, step.progress.depth) = ("source", 1)
        let folder = try require(try await job.perform(step), "a folder")
        try expect(try await job.results().count, equals: 2, "the third item is not done")
        step = FileJobStep(at: step.progress)
        (step.leaves, step.progress) = (true, FileJobProgress(state: .finished, item: 3))
        try await job.perform(step)
        let third = FileJobResult.file(
            FileJobFile(id: folder.id, name: "f", kind: .folder, project: copy.project, parent: fixture.root)
        )
        try expect(try await job.results(), equals: [first, second, third], "all results")
    }

    private static func foldersAreInsideOthers(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let outer = fixture.folder("outer")
        let inner = fixture.folder("inner", in: outer.id)
        for folder in [outer, inner] { try await store.addFolder(folder) }
        try expect(try await store.isFolder(inner.id, inside: outer.id), "a subfolder")
        try expect(try await store.isFolder(inner.id, inside: fixture.root), "a subfolder of a subfolder")
        try expect(try await store.isFolder(inner.id, inside: inner.id), "the folder itself")
        try expect(try await !store.isFolder(outer.id, inside: inner.id), "the folder above")
        try expect(try await !store.isFolder("nope", inside: outer.id), "an unknown folder")
    }
}

/// A job in a store, and the lease under which its steps are performed.
struct LeasedJob<Store: MetadataStore>: Sendable {
    let store: Store
    let id: String
    let lease: Lease

    @discardableResult
    func perform(_ step: FileJobStep) async throws -> File? {
        switch try await store.perform(step, ofFileJob: id, lease, now: MetadataFixture.time) {
        case .done(let file): return file
        case .lost: throw ContractViolation("the lease was lost")
        case .entryLeft, .folderLeft: throw ContractViolation("an entry or folder was moved or deleted by another call")
        }
    }

    func folder(_ depth: Int) async throws -> FileJobFolder? {
        try await store.folder(ofFileJob: id, depth: depth)
    }

    func results() async throws -> [FileJobResult] {
        try await store.results(of: try require(try await store.fileJob(id), "the job exists"))
    }
}

extension MetadataFixture {
    /// Adds a job to a store in which no other job is waiting, and leases it.
    func leasedJob<Store: MetadataStore>(
        _ kind: FileJob.Kind,
        _ items: [FileJobItem] = [],
        in store: Store
    ) async throws -> LeasedJob<Store> {
        try await store.addFileJob(job(kind), items)
        let lease = Lease(id: Identifiers.hex(bytes: 4), expiresOn: .distantFuture)
        let leased = try require(try await store.leaseFileJob(lease, now: Self.time), "a new job is leased")
        return LeasedJob(store: store, id: leased.id, lease: lease)
    }
}
