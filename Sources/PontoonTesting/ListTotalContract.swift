import Foundation
package import PontoonCore

/// Rules for the totals and pages of lists of files, uploads and projects.
///
/// Totals are exact after any changes, even concurrent ones, and pages are correct at any offset.
package enum ListTotalContract: MetadataRule, CaseIterable {
    case totalsFollowFiles
    case overwritingKeepsTheTotal
    case rejectedChangesKeepTheTotal
    case totalsFollowCopiesAndMoves
    case totalsFollowConcurrentFiles
    case totalsFollowUploads
    case totalsFollowConcurrentUploads
    case totalsFollowProjects
    case totalsFollowConcurrentProjects
    case deletingAProjectDeletesItsUploads
    case pagesOfFilesFromBothEnds
    case pagesOfUploadsFromBothEnds
    case pagesOfProjectsFromBothEnds

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .totalsFollowFiles: try await Self.totalsFollowFiles(store, fixture)
        case .overwritingKeepsTheTotal: try await Self.overwritingKeepsTheTotal(store, fixture)
        case .rejectedChangesKeepTheTotal: try await Self.rejectedChangesKeepTheTotal(store, fixture)
        case .totalsFollowCopiesAndMoves: try await Self.totalsFollowCopiesAndMoves(store, fixture)
        case .totalsFollowConcurrentFiles: try await Self.totalsFollowConcurrentFiles(store, fixture)
        case .totalsFollowUploads: try await Self.totalsFollowUploads(store, fixture)
        case .totalsFollowConcurrentUploads: try await Self.totalsFollowConcurrentUploads(store, fixture)
        case .totalsFollowProjects: try await Self.totalsFollowProjects(store, fixture)
        case .totalsFollowConcurrentProjects: try await Self.totalsFollowConcurrentProjects(store, fixture)
        case .deletingAProjectDeletesItsUploads: try await Self.deletingAProjectDeletesItsUploads(store, fixture)
        case .pagesOfFilesFromBothEnds: try await Self.pagesOfFilesFromBothEnds(store, fixture)
        case .pagesOfUploadsFromBothEnds: try await Self.pagesOfUploadsFromBothEnds(store, fixture)
        case .pagesOfProjectsFromBothEnds: try await Self.pagesOfProjectsFromBothEnds(store, fixture)
        }
    }

    /// Checks the total of a folder, which the store may read from a counter, and the number of its entries.
    private static func entries(
        _ total: Int,
        in folder: String,
        _ store: some MetadataStore,
        line: Int = #line
    ) async throws {
        let page = try await store.files(in: folder, filter: FileFilter(), window: .page(Page(offset: 0, limit: 0)))
        let scroll = try await store.files(in: folder, filter: FileFilter(), window: .after(nil, limit: 1000))
        let totals = [page.total, scroll.total, scroll.items.count]
        try expect(totals, equals: [total, total, total], "a folder's total", line: line)
    }

    private static func uploads(
        _ count: Int,
        of user: String,
        _ store: some MetadataStore,
        line: Int = #line
    ) async throws {
        let total = try await store.uploads(of: user, page: Page(offset: 0, limit: 0)).total
        try expect(total, equals: count, "a user's uploads", line: line)
    }

    private static func projects(
        _ count: Int,
        of user: String,
        _ store: some MetadataStore,
        line: Int = #line
    ) async throws {
        let list = try await store.projects(for: user, matching: ProjectFilter(), page: .all)
        try expect([list.total, list.items.count], equals: [count, count], "projects", line: line)
    }
}

// Files.
extension ListTotalContract {
    private static func totalsFollowFiles(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await entries(0, in: fixture.root, store)
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        let inner = fixture.folder("inner", in: folder.id)
        try await store.addFolder(inner)
        let file = try await fixture.addFile("a", in: folder.id, to: store)
        try await entries(1, in: fixture.root, store)
        try await entries(2, in: folder.id, store)
        try await entries(0, in: inner.id, store)
        try await entries(0, in: file.id, store)
        for id in [file.id, inner.id, "nope", file.id] { _ = try await store.deleteFile(id) }
        try await entries(0, in: folder.id, store)
        _ = try await store.deleteFile(folder.id)
        try await entries(0, in: fixture.root, store)
        try await entries(0, in: folder.id, store)
        try await fixture.addFile("b", to: store)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        try await entries(0, in: fixture.root, store)
    }

    private static func overwritingKeepsTheTotal(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        try await fixture.addFile("a", to: store)
        try await fixture.addFile("b", to: store)
        for name in ["a", "c"] {
            let upload = fixture.upload(name, overwrite: true)
            try await fixture.addCompletingUpload(upload, to: store)
            let isDone = try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: true)
            try expect(isDone, "it completes")
        }
        try await entries(3, in: fixture.root, store)
        try await uploads(0, of: "ada", store)
    }

    private static func rejectedChangesKeepTheTotal(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let (folder, other) = (fixture.folder("a"), fixture.folder("b"))
        for folder in [folder, other] { try await store.addFolder(folder) }
        let file = try await fixture.addFile("a", in: other.id, to: store)
        let upload = fixture.upload("a")
        try await fixture.addCompletingUpload(upload, to: store)
        let now = MetadataFixture.time
        try await expectRefusal(.folderExists) { try await store.addFolder(fixture.folder("a")) }
        try await expectRefusal(.folderExists) {
            try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: true)
        }
        try await expectRefusal(.fileExists) { try await store.copyFile(file.id, as: fixture.copy()) }
        try await expectRefusal(.fileExists) {
            try await store.moveFile(file.id, to: fixture.root, name: nil, now: now)
        }
        try await expectRefusal(.folderCycle) {
            try await store.moveFile(folder.id, to: folder.id, name: nil, now: now)
        }
        try await expectRefusal(.folderNotEmpty) { try await store.deleteFile(other.id) }
        let elsewhere = fixture.upload(in: "nope")
        try await expectRefusal(.destinationNotFound) { try await store.addUpload(elsewhere) }
        try await entries(2, in: fixture.root, store)
        try await entries(0, in: folder.id, store)
        try await entries(1, in: other.id, store)
        try await uploads(1, of: "ada", store)
    }

    private static func totalsFollowCopiesAndMoves(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        let (folder, other) = (fixture.folder("a"), fixture.folder("b"))
        for folder in [folder, other] { try await store.addFolder(folder) }
        let bob = try await MetadataFixture(in: store, user: "bob")
        let file = try await fixture.addFile("f", in: folder.id, to: store)
        let now = MetadataFixture.time
        for copy in [
            fixture.copy(to: folder.id, conflictPolicy: .number), fixture.copy(named: "c", to: folder.id), bob.copy(),
        ] {
            _ = try await store.copyFile(file.id, as: copy)
        }
        try await entries(3, in: folder.id, store)
        try await entries(1, in: bob.root, store)
        _ = try await store.moveFile(file.id, to: folder.id, name: "g", now: now)
        _ = try await store.moveFile(folder.id, to: other.id, name: nil, now: now)
        _ = try await store.moveFile("nope", to: other.id, name: nil, now: now)
        try await entries(3, in: folder.id, store)
        try await entries(1, in: other.id, store)
        try await entries(1, in: fixture.root, store)
        _ = try await store.moveFile(file.id, to: fixture.root, name: nil, now: now)
        try await entries(2, in: folder.id, store)
        try await entries(2, in: fixture.root, store)
    }

    private static func totalsFollowConcurrentFiles(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let folders = ["x", "y"].map { fixture.folder($0) }
        for folder in folders { try await store.addFolder(folder) }
        let file = try await fixture.addFile("f", in: folders[0].id, to: store)
        _ = try await concurrently(48) { index in
            let place = folders[index % 2].id
            switch index % 4 {
            case 0: try await store.addFolder(fixture.folder("\(index)", in: place))
            case 1: _ = try await store.moveFile(file.id, to: folders[index / 4 % 2].id, name: nil, now: file.createdOn)
            case 2: _ = try await store.copyFile(file.id, as: fixture.copy(named: "\(index)", to: place))
            default:
                let added = try await fixture.addFile("\(index)", in: place, to: store)
                _ = try await concurrently(2) { _ in try await store.deleteFile(added.id) }
            }
        }
        let expected = try await store.file(file.id)?.parent == folders[0].id ? [25, 0] : [24, 1]
        for (folder, total) in zip(folders, expected) { try await entries(total, in: folder.id, store) }
        try await uploads(0, of: "ada", store)
    }
}

// Uploads and projects.
extension ListTotalContract {
    private static func totalsFollowUploads(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let begun = (0..<5).map { fixture.upload("\($0)") }
        for upload in begun { try await store.addUpload(upload) }
        try await uploads(5, of: "ada", store)
        for id in [begun[0].id, begun[0].id, "nope"] { _ = try await store.abortUpload(id) }
        try await uploads(4, of: "ada", store)
        let later = MetadataFixture.time.addingTimeInterval(1)
        for time in [MetadataFixture.time, later, later] {
            _ = try await store.abortUpload(begun[1].id, ifIdleSince: time)
        }
        try await uploads(3, of: "ada", store)
        _ = try await store.beginCompletion(of: begun[2].id)
        try await uploads(3, of: "ada", store)
        for _ in 0..<2 {
            _ = try await store.completeUpload(begun[2].id, file: fixture.file(of: begun[2]), overwrite: false)
        }
        try await uploads(2, of: "ada", store)
        try await store.pruneCompletedUploads(before: later)
        try await uploads(2, of: "ada", store)
        try await uploads(0, of: "nobody", store)
    }

    private static func totalsFollowConcurrentUploads(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        _ = try await concurrently(32) { index in
            let upload = fixture.upload("\(index)")
            try await store.addUpload(upload)
            if index.isMultiple(of: 4) { return }
            if index.isMultiple(of: 2) { _ = try await store.beginCompletion(of: upload.id) }
            _ = try await concurrently(3) { _ in
                let isAborted = try await store.abortUpload(upload.id)
                if isAborted { return true }
                return try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: false)
            }
        }
        try await uploads(8, of: "ada", store)
        try await entries(8, in: fixture.root, store)
    }

    private static func totalsFollowProjects(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob")
        let (mine, his) = (fixture.project.id, bob.project.id)
        try await projects(1, of: "ada", store)
        try expect(try await !store.addProject(fixture.project), "the id is taken")
        for _ in 0..<2 { _ = try await store.addMember(Member(userName: "ada", permissions: .all), to: his) }
        try await projects(2, of: "ada", store)
        _ = try await store.addMember(Member(userName: "bob", permissions: .all), to: mine)
        for _ in 0..<2 { _ = try await store.removeMember("ada", from: his) }
        try await projects(1, of: "ada", store)
        try await projects(2, of: "bob", store)
        for _ in 0..<2 { _ = try await store.deleteProject(mine) }
        try await projects(0, of: "ada", store)
        try await projects(1, of: "bob", store)
    }

    private static func totalsFollowConcurrentProjects(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        try await store.addUser(User(name: "bob", createdOn: MetadataFixture.time))
        _ = try await concurrently(24) { index in
            let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: "p\(index)"))
            _ = try await store.addProject(project)
            _ = try await store.addMember(Member(userName: "bob", permissions: .all), to: project.id)
            if index.isMultiple(of: 3) { return }
            _ = try await concurrently(2) { run -> Bool in
                if run == 0 { return try await store.removeMember("bob", from: project.id) }
                return try await store.deleteProject(project.id) != nil
            }
        }
        try await projects(9, of: "ada", store)
        try await projects(8, of: "bob", store)
    }

    private static func deletingAProjectDeletesItsUploads(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let bob = try await MetadataFixture(in: store, user: "bob")
        try await fixture.addFile("completed", to: store)
        try await fixture.addCompletingUpload(fixture.upload("completing"), to: store)
        try await store.addUpload(fixture.upload("active"))
        try await store.addUpload(bob.upload("elsewhere"))
        let visiting = Upload(
            id: Identifiers.upload(),
            userName: "bob",
            destination: .folder(id: fixture.root, project: fixture.project.id, wasGivenByFolder: false),
            name: "visiting",
            size: 10,
            partSize: 5,
            md5: nil,
            rule: .fail,
            key: .random(),
            initiatedOn: MetadataFixture.time
        )
        try await store.addUpload(visiting)
        try await uploads(2, of: "ada", store)
        try await uploads(2, of: "bob", store)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        try await uploads(0, of: "ada", store)
        try await uploads(1, of: "bob", store)
    }
}

// Pages.
extension ListTotalContract {
    /// Compares pages at all offsets and with several limits, including pages past the end.
    private static func checkPages(
        of all: [String],
        _ read: (Page) async throws -> (items: [String], total: Int)
    ) async throws {
        for offset in 0...(all.count + 1) {
            for limit in [0, 1, 2, 3, 100] {
                let (items, total) = try await read(Page(offset: offset, limit: limit))
                let expected = Array(all.dropFirst(offset).prefix(limit))
                try expect(items, equals: expected, "\(limit) entries from offset \(offset)")
                try expect(total, equals: all.count, "the total from offset \(offset)")
            }
        }
        let far = try await read(Page(offset: .max, limit: 100))
        try expect(far.items, equals: [], "there are no entries beyond the end")
    }

    private static func pagesOfFilesFromBothEnds(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let names = (1...7).map { "n\($0)" }
        for name in names.reversed() {
            let isOdd = name.last?.wholeNumberValue?.isMultiple(of: 2) == false
            try await fixture.addFile(name, to: store, tags: ["t", "u"], metadata: isOdd ? ["k": "odd"] : [:])
        }
        func check(_ all: [String], _ change: (inout FileFilter) -> Void) async throws {
            var filter = FileFilter()
            change(&filter)
            try await checkPages(of: all) { page in
                let list = try await store.files(in: fixture.root, filter: filter, window: .page(page))
                return (list.items.map(\.name), list.total)
            }
        }
        try await check(names) { _ in }
        try await check(["n1", "n3", "n5", "n7"]) { $0.metadata = ["k": ["odd", "even"]] }
        try await check(names) { $0.tags = ["u", "t"] }
        try await check(["n2", "n3", "n6"]) { $0.names = ["n6", "x", "n2", "n3"] }
        try await check(["n3"]) {
            $0.names = ["n2", "n3"]
            $0.tags = ["t"]
            $0.metadata = ["k": ["odd"]]
        }
    }

    private static func pagesOfUploadsFromBothEnds(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        // Pairs of uploads start at the same time, so that the order by id is tested too.
        let uploads = (0..<7).map { index in
            fixture.upload("\(index)", initiatedOn: MetadataFixture.time.addingTimeInterval(-Double(index / 2)))
        }
        for upload in uploads { try await store.addUpload(upload) }
        let sorted = uploads.sorted { ($0.initiatedOn, $0.id) > ($1.initiatedOn, $1.id) }
        try await checkPages(of: sorted.map(\.id)) { page in
            let list = try await store.uploads(of: "ada", page: page)
            return (list.items.map(\.upload.id), list.total)
        }
    }

    private static func pagesOfProjectsFromBothEnds(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        var names = [fixture.project.id.description]
        for name in ["a", "x", "sa", "b"] {
            let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: name), tags: ["t"])
            try expect(try await store.addProject(project), "a new project")
            names.append(project.id.description)
        }
        // All projects have the same creation time, so they are ordered by id.
        try await checkPages(of: names.sorted()) { page in
            let list = try await store.projects(for: "ada", matching: ProjectFilter(), page: page)
            return (list.items.map(\.project.id.description), list.total)
        }
        try await checkPages(of: names.dropFirst().sorted()) { page in
            let list = try await store.projects(
                for: "ada",
                matching: ProjectFilter(owner: "ada", name: "READ", tags: ["t"]),
                page: page
            )
            return (list.items.map(\.project.id.description), list.total)
        }
    }
}
