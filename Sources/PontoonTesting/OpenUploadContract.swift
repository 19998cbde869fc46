import Foundation
package import PontoonCore

/// Rules for ``UploadStore/openUploads(_:after:limit:)``.
package enum OpenUploadContract: MetadataRule, CaseIterable {
    case listContainsTheUploadsOfAllUsers
    case filtersAreCombined
    case activityIsTheLatestOfThreeTimes
    case pagesAreOrderedByID

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .listContainsTheUploadsOfAllUsers: try await Self.listContainsTheUploadsOfAllUsers(store, fixture)
        case .filtersAreCombined: try await Self.filtersAreCombined(store, fixture)
        case .activityIsTheLatestOfThreeTimes: try await Self.activityIsTheLatestOfThreeTimes(store, fixture)
        case .pagesAreOrderedByID: try await Self.pagesAreOrderedByID(store, fixture)
        }
    }

    private static let time = MetadataFixture.time

    private static func names(
        _ store: some MetadataStore,
        _ filter: OpenUploadFilter = OpenUploadFilter()
    ) async throws -> [String] {
        try await store.openUploads(filter, after: nil, limit: 100).map(\.summary.upload.name).sorted()
    }

    private static func listContainsTheUploadsOfAllUsers(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        let (hers, his) = (fixture.upload("hers"), bob.upload("his"))
        for upload in [hers, his] { try await store.addUpload(upload) }
        try await fixture.addCompletingUpload(fixture.upload("completing"), to: store)
        try await fixture.addFile("completed", to: store)
        let part = try MetadataFixture.part(2)
        _ = try await store.recordPart(part, of: his.id)
        let found = try await store.openUploads(OpenUploadFilter(user: "bob"), after: nil, limit: 9)
        try expect(found.map(\.summary.storedBytes), equals: [part.size], "the size of the stored parts")
        try expect(try await names(store), equals: ["completing", "hers", "his"], "all unfinished uploads")
    }

    private static func filtersAreCombined(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let bob = try await MetadataFixture(in: store, user: "bob", project: "runs")
        let old = time.addingTimeInterval(-100)
        try await store.addUpload(fixture.upload("old", initiatedOn: old))
        try await store.addUpload(fixture.upload("new"))
        try await store.addUpload(bob.upload("other", initiatedOn: old))
        let project = bob.project.id
        let cases: [(OpenUploadFilter, [String])] = [
            (OpenUploadFilter(user: "ada"), ["new", "old"]),
            (OpenUploadFilter(project: project), ["other"]),
            (OpenUploadFilter(user: "ada", project: project), []),
            (OpenUploadFilter(idleSince: time), ["old", "other"]),
            (OpenUploadFilter(user: "ada", idleSince: time), ["old"]),
            (OpenUploadFilter(user: "nobody"), []),
        ]
        for (filter, expected) in cases { try expect(try await names(store, filter), equals: expected, "\(filter)") }
    }

    private static func activityIsTheLatestOfThreeTimes(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (initiated, sent, kept) = (fixture.upload("initiated"), fixture.upload("sent"), fixture.upload("kept"))
        for upload in [initiated, sent, kept] { try await store.addUpload(upload) }
        let later = time.addingTimeInterval(60)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: sent.id)
        _ = try await store.recordPart(try MetadataFixture.part(2, storedOn: later), of: sent.id)
        try await store.keepAlive(kept.id, now: later)
        let found = try await store.openUploads(OpenUploadFilter(), after: nil, limit: 9)
        let times = Dictionary(uniqueKeysWithValues: found.map { ($0.summary.upload.name, $0.activeOn) })
        try expect(times, equals: ["initiated": time, "sent": later, "kept": later], "the last activity")
        try expect(try await names(store, OpenUploadFilter(idleSince: later)), equals: ["initiated"], "idle uploads")
    }

    private static func pagesAreOrderedByID(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let uploads = (0..<5).map { fixture.upload("\($0)") }
        for upload in uploads { try await store.addUpload(upload) }
        var ids: [String] = []
        while true {
            let page = try await store.openUploads(OpenUploadFilter(), after: ids.last, limit: 2)
            ids += page.map(\.summary.upload.id)
            if page.count < 2 { break }
        }
        try expect(ids, equals: uploads.map(\.id).sorted(), "every upload is on exactly one page")
    }
}
