import Foundation
package import PontoonCore

/// Rules for ``UsageStore/usages(ofProjectsOwnedBy:in:page:)``.
package enum OwnedUsageContract: MetadataRule, CaseIterable {
    case onlyTheOwnersProjectsAreListed
    case projectsLimitTheList
    case pagesAreOrderedByID

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .onlyTheOwnersProjectsAreListed: try await Self.onlyTheOwnersProjectsAreListed(store, fixture)
        case .projectsLimitTheList: try await Self.projectsLimitTheList(store, fixture)
        case .pagesAreOrderedByID: try await Self.pagesAreOrderedByID(store, fixture)
        }
    }

    private static func names(
        _ store: some MetadataStore,
        in projects: Set<ProjectID>? = nil,
        _ page: Page = .all
    ) async throws -> [String] {
        try await store.usages(ofProjectsOwnedBy: "ada", in: projects, page: page).items.map(\.id.shortName)
    }

    @discardableResult
    private static func addProject(_ name: String, to store: some MetadataStore) async throws -> ProjectID {
        let project = MetadataFixture.project(ProjectID(owner: "ada", shortName: name))
        try expect(try await store.addProject(project), "a new project is added")
        return project.id
    }

    private static func onlyTheOwnersProjectsAreListed(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        let member = Member(userName: "ada", permissions: .all)
        try expect(try await store.addMember(member, to: bob.project.id), "a new member is added")
        try await fixture.addFile("a", to: store)
        try await store.addUpload(bob.upload("b"))
        let hers = try await store.usages(ofProjectsOwnedBy: "ada", in: nil, page: .all)
        let report = UsageReport(usage: Usage(storedBytes: 10, files: 1), quota: Quota())
        let usage = ProjectUsage(id: fixture.project.id, owner: "ada", report: report)
        try expect(hers.items, equals: [usage], "the usage of the owner's project")
        try expect(hers.total, equals: 1, "the total")
        let change = QuotaChange(bytes: .limit(500), files: .unlimited, openUploads: .limit(0))
        _ = try await store.setQuota(change, of: .project(bob.project.id))
        let his = try await store.usages(ofProjectsOwnedBy: "bob", in: nil, page: .all).items.first?.report
        try expect(his?.usage, equals: Usage(reservedBytes: 10, openUploads: 1), "the usage with an open upload")
        try expect(his?.quota, equals: Quota(bytes: 500, openUploads: 0), "the quota in force")
        let nobody = try await store.usages(ofProjectsOwnedBy: "nobody", in: nil, page: .all)
        try expect(nobody.items.isEmpty && nobody.total == 0, "an unknown user owns nothing")
    }

    private static func projectsLimitTheList(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        let other = try await addProject("other", to: store)
        let both: Set = [other, bob.project.id, fixture.project.id]
        try expect(try await names(store, in: both), equals: ["other", "reads"], "owned ones of three")
        try expect(try await names(store, in: [other]), equals: ["other"], "one project")
        try expect(try await names(store, in: []), equals: [], "no project")
    }

    private static func pagesAreOrderedByID(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        // Ids are compared byte by byte: upper case precedes lower case, and '-' precedes letters.
        for name in ["b", "a-b", "ab", "B"] { try await addProject(name, to: store) }
        let all = ["B", "a-b", "ab", "b", "reads"]
        try expect(try await names(store), equals: all, "the whole list")
        for offset in 0...5 {
            let page = try await names(store, Page(offset: offset, limit: 2))
            try expect(page, equals: Array(all.dropFirst(offset).prefix(2)), "the page at \(offset)")
        }
        let beyond = try await store.usages(ofProjectsOwnedBy: "ada", in: nil, page: Page(offset: .max, limit: 2))
        try expect(beyond.items.isEmpty && beyond.total == 5, "no item after the end, but the total")
    }
}
