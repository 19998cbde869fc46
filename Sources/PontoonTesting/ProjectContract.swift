import Foundation
package import PontoonCore

/// Rules for ``ProjectStore``.
package enum ProjectContract: MetadataRule, CaseIterable {
    case projectHasARootAndAnOwner
    case takenIDIsRejected
    case ownerMustExist
    case strangerSeesNothing
    case pagesAreNewestFirst
    case listIsFiltered
    case nameFilterIsLiteral
    case unspecifiedFieldsAreUnchanged
    case changeOfUnknownIsNil
    case deletionDiscardsEverything
    case deletionKeepsOtherProjects

    package func check(_ store: some MetadataStore) async throws {
        switch self {
        case .projectHasARootAndAnOwner: try await Self.projectHasARootAndAnOwner(store)
        case .takenIDIsRejected: try await Self.takenIDIsRejected(store)
        case .ownerMustExist: try await Self.ownerMustExist(store)
        case .strangerSeesNothing: try await Self.strangerSeesNothing(store)
        case .pagesAreNewestFirst: try await Self.pagesAreNewestFirst(store)
        case .listIsFiltered: try await Self.listIsFiltered(store)
        case .nameFilterIsLiteral: try await Self.nameFilterIsLiteral(store)
        case .unspecifiedFieldsAreUnchanged: try await Self.unspecifiedFieldsAreUnchanged(store)
        case .changeOfUnknownIsNil: try await Self.changeOfUnknownIsNil(store)
        case .deletionDiscardsEverything: try await Self.deletionDiscardsEverything(store)
        case .deletionKeepsOtherProjects: try await Self.deletionKeepsOtherProjects(store)
        }
    }

    private static func projectHasARootAndAnOwner(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        let found = try await store.project(fixture.project.id, for: "ada")
        try expect(
            found,
            equals: AccessibleProject(project: fixture.project, permissions: .all),
            "the owner may do everything"
        )
        let root = try require(try await store.file(fixture.root), "there is a root folder")
        try expect(root.kind, equals: .folder, "the root is a folder")
        try expect(root.parent, equals: nil, "the root has no parent")
        try expect(root.project, equals: fixture.project.id, "the root belongs to its project")
    }

    private static func takenIDIsRejected(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        let other = MetadataFixture.project(fixture.project.id, name: "Other", tags: ["x"])
        try expect(try await !store.addProject(other), "the id is taken")
        try expect(
            try await store.project(fixture.project.id, for: "ada")?.project,
            equals: fixture.project,
            "the first project is unchanged"
        )
        try expect(try await store.file(other.rootFolder), equals: nil, "no second root folder is added")
    }

    private static func ownerMustExist(_ store: some MetadataStore) async throws {
        let project = MetadataFixture.project(ProjectID(owner: "nobody", shortName: "reads"))
        try await expectRefusal(.userNotFound) { try await store.addProject(project) }
    }

    private static func strangerSeesNothing(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        try await store.addUser(User(name: "eve", createdOn: MetadataFixture.time))
        try expect(try await store.project(fixture.project.id, for: "eve"), equals: nil, "a stranger's view")
        let list = try await store.projects(for: "eve", matching: ProjectFilter(owner: "ada"), page: .all)
        try expect(list.items, equals: [], "a stranger's list")
        try expect(list.total, equals: 0, "a stranger's total")
        let unknown = ProjectID(owner: "ada", shortName: "unknown")
        try expect(try await store.project(unknown, for: "ada"), equals: nil, "an unknown project")
    }

    private static func pagesAreNewestFirst(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
        var ids: [ProjectID] = []
        for age in 0..<5 {
            let id = ProjectID(owner: "ada", shortName: "p\(age)")
            let project = Project(
                id: id,
                uuid: Identifiers.uuid(),
                name: "P",
                billingGroup: Identifiers.uuid(),
                rootFolder: Identifiers.file(now: MetadataFixture.time),
                createdBy: "ada",
                createdOn: MetadataFixture.time.addingTimeInterval(-Double(age))
            )
            try expect(try await store.addProject(project), "a new project is added")
            ids.append(id)
        }
        let pages: [(page: Page, expected: ArraySlice<ProjectID>)] = [
            (Page(offset: 0, limit: 2), ids[0..<2]), (Page(offset: 2, limit: 2), ids[2..<4]),
            (Page(offset: 4, limit: 2), ids[4..<5]), (Page(offset: 9, limit: 2), []), (Page(offset: 0, limit: 0), []),
        ]
        for (page, expected) in pages {
            let list = try await store.projects(for: "ada", matching: ProjectFilter(), page: page)
            try expect(list.items.map(\.project.id), equals: Array(expected), "projects are ordered newest first")
            try expect(list.total, equals: 5, "the total does not depend on the page")
        }
    }

    private static func listIsFiltered(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
        let short = ["a", "b", "c"]
        let names = ["Whole Genome", "ÉTUDE", "exome"]
        let tags = [["x", "y"], ["y"], []]
        for index in 0..<3 {
            let id = ProjectID(owner: "ada", shortName: short[index])
            let project = MetadataFixture.project(id, name: names[index], tags: tags[index])
            try expect(try await store.addProject(project), "a new project is added")
        }
        let cases: [(owner: String?, name: String?, tags: [String], expected: Set<String>)] = [
            ("ada", nil, [], ["a", "b", "c"]), ("bob", nil, [], []), (nil, "GENO", [], ["a"]),
            (nil, "ome", [], ["a", "c"]),
            (nil, "étude", [], ["b"]), (nil, nil, ["y"], ["a", "b"]), (nil, nil, ["y", "x"], ["a"]),
            (nil, nil, ["X"], []), ("ada", "e", ["y"], ["a", "b"]), (nil, "", [], ["a", "b", "c"]),
        ]
        for (owner, name, tags, expected) in cases {
            let list = try await store.projects(
                for: "ada",
                matching: ProjectFilter(owner: owner, name: name, tags: tags),
                page: .all
            )
            let found = Set(list.items.map(\.project.id.shortName))
            try expect(found, equals: expected, "owner \(owner ?? "-"), name \(name ?? "-"), tags \(tags)")
            try expect(list.total, equals: expected.count, "the total counts the matching projects")
        }
        let first = try await store.project(ProjectID(owner: "ada", shortName: "a"), for: "ada")
        try expect(first?.project.tags, equals: ["x", "y"], "tags keep their order")
    }

    private static func nameFilterIsLiteral(_ store: some MetadataStore) async throws {
        try await store.addUser(User(name: "ada", createdOn: MetadataFixture.time))
        for (short, name) in [("a", "100% done"), ("b", "a_b"), ("c", #"x\y"#), ("d", "plain")] {
            let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: short), name: name)
            try expect(try await store.addProject(project), "a new project is added")
        }
        for (name, expected) in [("%", ["a"]), ("_", ["b"]), (#"\"#, ["c"]), ("p%n", [])] {
            let list = try await store.projects(for: "ada", matching: ProjectFilter(name: name), page: .all)
            try expect(list.items.map(\.project.id.shortName), equals: expected, "projects with \(name) in the name")
        }
    }

    private static func unspecifiedFieldsAreUnchanged(_ store: some MetadataStore) async throws {
        var expected = try await MetadataFixture(in: store).project
        let later = MetadataFixture.time.addingTimeInterval(60)
        var change = ProjectChange()
        change.name = "Exomes"
        change.tags = ["b", "a"]
        (expected.name, expected.tags, expected.modifiedOn) = ("Exomes", ["b", "a"], later)
        try expect(
            try await store.updateProject(expected.id, change, now: later),
            equals: expected,
            "the returned state"
        )
        change = ProjectChange()
        change.description = "d"
        change.settings = #"{"locked":true}"#
        change.billingGroup = Identifiers.uuid()
        (expected.description, expected.settings) = ("d", #"{"locked":true}"#)
        expected.billingGroup = change.billingGroup ?? ""
        try expect(try await store.updateProject(expected.id, change, now: later), equals: expected, "the next state")
        try expect(
            try await store.project(expected.id, for: "ada")?.project,
            equals: expected,
            "the stored state"
        )
        try expect(expected.isLocked, equals: true, "the project is locked")
        change.expectedSettings = "{}"
        let refused = try await store.updateProject(expected.id, change, now: later)
        try expect(refused, equals: nil, "other settings than the expected ones")
        change.expectedSettings = expected.settings
        let accepted = try await store.updateProject(expected.id, change, now: later)
        try expect(accepted, equals: expected, "the expected settings")
        let byName = try await store.projects(
            for: "ada",
            matching: ProjectFilter(name: "EXOME", tags: ["a"]),
            page: .all
        )
        try expect(byName.total, equals: 1, "filters see the new name and tags")
    }

    private static func changeOfUnknownIsNil(_ store: some MetadataStore) async throws {
        let id = ProjectID(owner: "ada", shortName: "unknown")
        var change = ProjectChange()
        change.tags = ["x"]
        let changed = try await store.updateProject(id, change, now: MetadataFixture.time)
        try expect(changed, equals: nil, "there is nothing to change")
        try expect(try await store.deleteProject(id) == nil, "there is nothing to delete")
    }

    private static func deletionDiscardsEverything(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        let folder = fixture.folder("deep")
        try await store.addFolder(folder)
        let file = try await fixture.addFile("a.bam", in: folder.id, to: store, tags: ["t"], metadata: ["k": "v"])
        let (open, completing) = (fixture.upload("b.bam"), fixture.upload("c.bam"))
        try await store.addUpload(open)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: open.id)
        try await fixture.addCompletingUpload(completing, to: store)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        let discarded = Set(try await store.discardedObjects(limit: 100).map(\.key))
        let contents = try require(file.content, "a file has contents")
        try expect(discarded, equals: [contents.key, open.key, completing.key], "all objects are discarded")
        try expect(try await store.project(fixture.project.id, for: "ada"), equals: nil, "the project is gone")
        for id in [fixture.root, folder.id, file.id] {
            try expect(try await store.file(id), equals: nil, "the project's files and folders are gone")
        }
        try expect(try await store.upload(open.id), equals: nil, "the project's uploads are gone")
        try expect(try await store.parts(of: open.id), equals: [], "the upload's parts are gone")
        try expect(
            try await !store.completeUpload(completing.id, file: fixture.file(of: completing), overwrite: false),
            "an upload cannot complete into a deleted project"
        )
        try expect(try await store.deleteProject(fixture.project.id) == nil, "a project is deleted only once")
    }

    private static func deletionKeepsOtherProjects(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        let other = try await MetadataFixture(in: store, user: "bob")
        let kept = try await other.addFile("a.bam", to: store, tags: ["t"], metadata: ["k": "v"])
        let upload = other.upload("b.bam")
        try await store.addUpload(upload)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "there was such a project")
        try expect(try await store.file(kept.id), equals: kept, "a file of another project stays")
        try expect(try await store.upload(upload.id), equals: upload, "an upload of another project stays")
        try expect(
            try await store.discardedObjects(limit: 100).map(\.key),
            equals: [],
            "no object of another project is discarded"
        )
    }
}
