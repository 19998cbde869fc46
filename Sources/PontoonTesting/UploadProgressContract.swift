import Foundation
package import PontoonCore

/// Rules for ``UploadProgressStore``.
package enum UploadProgressContract: MetadataRule, CaseIterable {
    case bytesAreSummedPerUpload
    case onlyTheUsersUnfinishedUploadsToFoldersAreListed
    case projectsLimitTheList
    case pagesHaveTheOrderOfTheUploadList

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .bytesAreSummedPerUpload: try await Self.bytesAreSummedPerUpload(store, fixture)
        case .onlyTheUsersUnfinishedUploadsToFoldersAreListed: try await Self.onlyTheUsersUploads(store, fixture)
        case .projectsLimitTheList: try await Self.projectsLimitTheList(store, fixture)
        case .pagesHaveTheOrderOfTheUploadList: try await Self.pages(store, fixture)
        }
    }

    private static let time = MetadataFixture.time

    private static func names(
        _ store: some MetadataStore,
        in projects: Set<ProjectID>? = nil,
        page: Page = .all
    ) async throws -> [String] {
        try await store.openUploadProgress(of: "ada", in: projects, since: time, page: page).items.map(\.upload.name)
    }

    private static func bytesAreSummedPerUpload(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (busy, empty) = (fixture.upload("busy"), fixture.upload("empty"))
        for upload in [busy, empty] { try await store.addUpload(upload) }
        let since = time.addingTimeInterval(100)
        // The second part was stored one millisecond before `since`, and the third one exactly at `since`.
        for (number, size, age) in [(1, 1, 0.0), (2, 10, 99.999), (3, 100, 100), (4, 1000, 150)] {
            let storedOn = time.addingTimeInterval(age)
            let part = try MetadataFixture.part(number, size: Int64(size), storedOn: storedOn)
            _ = try await store.recordPart(part, of: busy.id)
        }
        let found = try await store.openUploadProgress(of: "ada", in: nil, since: since, page: .all)
        try expect(found.total, equals: 2, "the total")
        let sums = Dictionary(uniqueKeysWithValues: found.items.map { ($0.upload.name, $0) })
        let expected = UploadProgress(upload: busy, storedBytes: 1111, recentBytes: 1100)
        try expect(sums["busy"], equals: expected, "the sums of the parts")
        let none = UploadProgress(upload: empty, storedBytes: 0, recentBytes: 0)
        try expect(sums["empty"], equals: none, "an upload without parts")
    }

    private static func onlyTheUsersUploads(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        try await store.addUpload(bob.upload("his"))
        try await store.addUpload(fixture.upload("hers"))
        try await fixture.addCompletingUpload(fixture.upload("completing"), to: store)
        try await fixture.addFile("completed", to: store)
        try expect(Set(try await names(store)), equals: ["hers", "completing"], "the uploads of ada")
    }

    private static func projectsLimitTheList(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let other = MetadataFixture.project(ProjectID(owner: "ada", shortName: "other"))
        try expect(try await store.addProject(other), "a new project is added")
        try await store.addUpload(fixture.upload("reads"))
        try expect(try await names(store, in: [fixture.project.id, other.id]), equals: ["reads"], "both projects")
        try expect(try await names(store, in: [other.id]), equals: [], "another project")
        try expect(try await names(store, in: []), equals: [], "no project")
    }

    private static func pages(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for number in 0..<5 {
            let initiatedOn = time.addingTimeInterval(Double(number))
            try await store.addUpload(fixture.upload("\(number)", initiatedOn: initiatedOn))
        }
        try expect(try await names(store), equals: ["4", "3", "2", "1", "0"], "newest first")
        try expect(try await names(store, page: Page(offset: 1, limit: 2)), equals: ["3", "2"], "the second page")
        try expect(try await names(store, page: Page(offset: 4, limit: 2)), equals: ["0"], "the last page")
        let beyond = try await store.openUploadProgress(
            of: "ada",
            in: nil,
            since: time,
            page: Page(offset: .max, limit: 2)
        )
        try expect(beyond.items.isEmpty && beyond.total == 5, "no item after the end, but the total")
    }
}
