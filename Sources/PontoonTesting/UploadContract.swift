import Foundation
package import PontoonCore

/// Rules for ``UploadStore``, except those in ``OpenUploadContract`` and the rules for completing uploads.
package enum UploadContract: MetadataRule, CaseIterable {
    case uploadRoundTrips
    case unknownUploadIsNil
    case uploadNeedsItsFolder
    case listIsTheUsersOwnNewestFirst
    case summaryCountsParts
    case abortDeletesEverything
    case abortNeedsAnActiveUpload
    case idleUploadsAreOldestFirst
    case storedPartKeepsAnUploadAlive
    case partStoredDuringAnAbortIsNotLost
    case pruneDeletesCompletedUploadsOnly
    case openKeysAreOfUnfinishedUploads
    case observedTimeIsKept
    case userHasALimitedNumberOfUploads
    case labelsAreKeptUntilTheUploadCompletes

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .uploadRoundTrips: try await Self.uploadRoundTrips(store, fixture)
        case .unknownUploadIsNil: try await Self.unknownUploadIsNil(store)
        case .uploadNeedsItsFolder: try await Self.uploadNeedsItsFolder(store, fixture)
        case .listIsTheUsersOwnNewestFirst: try await Self.listIsTheUsersOwnNewestFirst(store, fixture)
        case .summaryCountsParts: try await Self.summaryCountsParts(store, fixture)
        case .abortDeletesEverything: try await Self.abortDeletesEverything(store, fixture)
        case .abortNeedsAnActiveUpload: try await Self.abortNeedsAnActiveUpload(store, fixture)
        case .idleUploadsAreOldestFirst: try await Self.idleUploadsAreOldestFirst(store, fixture)
        case .storedPartKeepsAnUploadAlive: try await Self.storedPartKeepsAnUploadAlive(store, fixture)
        case .partStoredDuringAnAbortIsNotLost: try await Self.partStoredDuringAnAbortIsNotLost(store, fixture)
        case .pruneDeletesCompletedUploadsOnly: try await Self.pruneDeletesCompletedUploadsOnly(store, fixture)
        case .openKeysAreOfUnfinishedUploads: try await Self.openKeysAreOfUnfinishedUploads(store, fixture)
        case .observedTimeIsKept: try await Self.observedTimeIsKept(store)
        case .userHasALimitedNumberOfUploads: try await Self.userHasALimitedNumberOfUploads(store, fixture)
        case .labelsAreKeptUntilTheUploadCompletes:
            try await Self.labelsAreKeptUntilTheUploadCompletes(store, fixture)
        }
    }

    private static func labelsAreKeptUntilTheUploadCompletes(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        let labels = FileLabels(metadata: ["sample_id": "ü \"1\"\n", "": "\u{1F600}"], tags: ["b", "a", "b"])
        try await store.addUpload(upload, labels: labels, maximum: .max)
        try expect(try await store.uploadSummary(upload.id)?.labels, equals: labels, "the labels in the details")
        let list = try await store.uploads(of: "ada", page: .all)
        try expect(list.items.map(\.labels), equals: [FileLabels()], "lists omit the labels")
        let lease = Lease(id: "lease", expiresOn: .distantFuture)
        let leased = try await store.acquireCompletionLease(of: upload.id, lease, now: MetadataFixture.time) {
            snapshot in snapshot.labels
        }
        guard case .acquired(let planned) = leased else { throw ContractViolation("the upload cannot be leased") }
        try expect(planned, equals: labels, "the snapshot contains the labels")
        let completed = CompletedFile.file(fixture.file(of: upload), rule: .fail)
        let result = try await store.completeUpload(upload.id, leaseID: lease.id, as: completed)
        try expect(result, equals: completed, "it completes")
        try expect(try await store.uploadSummary(upload.id)?.labels, equals: FileLabels(), "the labels are deleted")
    }

    private static func observedTimeIsKept(_ store: some MetadataStore) async throws {
        try expect(try await store.observedTime(), equals: nil, "none at first")
        var time = ObservedTime()
        for minutes in 0...2 {
            let wall = MetadataFixture.time.addingTimeInterval(Double(minutes) * 60)
            time.advance(by: .seconds(60), wall: wall, lifetime: .seconds(100))
            try await store.setObservedTime(time)
            try expect(try await store.observedTime(), equals: time, "the time stored last")
        }
    }

    private static func userHasALimitedNumberOfUploads(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let uploads = ["a", "b", "c"].map { fixture.upload($0) }
        try await store.addUpload(uploads[0], maximum: 2)
        try await store.addUpload(uploads[1], maximum: 2)
        try await expectRefusal(.limitReached) { try await store.addUpload(uploads[2], maximum: 2) }
        try expect(try await store.upload(uploads[2].id), equals: nil, "nothing was added")
        try expect(try await store.abortUpload(uploads[0].id), "an active upload is aborted")
        try await store.addUpload(uploads[2], maximum: 2)
        let elsewhere = fixture.upload("d", in: "no folder")
        try await expectRefusal(.destinationNotFound) { try await store.addUpload(elsewhere, maximum: 3) }
    }

    private static func uploadRoundTrips(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let plain = fixture.upload("a.bam")
        let full = Upload(
            id: Identifiers.upload(),
            userName: "ada",
            destination: .folder(id: fixture.root, project: fixture.project.id, wasGivenByFolder: true),
            name: "ü b.bam",
            size: nil,
            partSize: 1 << 36,
            md5: "9e107d9d372bb6826bd81d3542a419d6",
            rule: .overwrite,
            key: .random(),
            initiatedOn: MetadataFixture.time
        )
        for upload in [plain, full] {
            try await store.addUpload(upload)
            try expect(try await store.upload(upload.id), equals: upload, "a stored upload is read back unchanged")
        }
    }

    private static func unknownUploadIsNil(_ store: some MetadataStore) async throws {
        try expect(try await store.upload("nope"), equals: nil, "an unknown upload")
        try expect(try await store.uploadSummary("nope"), equals: nil, "its summary")
        try expect(try await !store.beginCompletion(of: "nope"), "its completion cannot begin")
        try expect(try await !store.abortUpload("nope"), "it is not aborted")
    }

    private static func uploadNeedsItsFolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let folder = fixture.folder("sub")
        try await store.addFolder(folder)
        try expect(try await store.deleteFile(folder.id), "there was such a folder")
        let upload = fixture.upload(in: folder.id)
        try await expectRefusal(.destinationNotFound) { try await store.addUpload(upload) }
        try expect(try await store.upload(upload.id), equals: nil, "nothing was added")
    }

    private static func listIsTheUsersOwnNewestFirst(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let other = try await MetadataFixture(in: store, user: "bob")
        try await store.addUpload(other.upload())
        var ids: [String] = []
        for age in 0..<4 {
            let initiatedOn = MetadataFixture.time.addingTimeInterval(-Double(age))
            let upload = fixture.upload("\(age)", initiatedOn: initiatedOn)
            try await store.addUpload(upload)
            ids.append(upload.id)
        }
        try await fixture.addFile("completed", to: store)
        _ = try await store.beginCompletion(of: ids[3])
        let pages: [(page: Page, expected: ArraySlice<String>)] = [
            (Page(offset: 0, limit: 3), ids[0..<3]), (Page(offset: 3, limit: 3), ids[3...]),
            (Page(offset: 4, limit: 3), []), (Page(offset: 0, limit: 0), []),
        ]
        for (page, expected) in pages {
            let list = try await store.uploads(of: "ada", page: page)
            try expect(list.items.map(\.upload.id), equals: Array(expected), "the user's unfinished uploads")
            try expect(list.total, equals: 4, "the total does not depend on the page")
        }
    }

    private static func summaryCountsParts(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let (upload, empty) = (fixture.upload("a"), fixture.upload("b"))
        try await store.addUpload(upload)
        try await store.addUpload(empty)
        let parts = [
            try MetadataFixture.part(1, size: 1 << 36), try MetadataFixture.part(2, size: 0),
            try MetadataFixture.part(7, size: 3),
        ]
        for part in parts { _ = try await store.recordPart(part, of: upload.id) }
        let reports = parts.prefix(2).map { PartReport(number: $0.number, etag: $0.etag) }
        try expect(try await store.reportParts(reports, of: upload.id), equals: nil, "all reports are correct")
        let bytes: Int64 = (1 << 36) + 3
        let expected = UploadSummary(upload: upload, reportedParts: 2, storedParts: 3, storedBytes: bytes)
        try expect(try await store.uploadSummary(upload.id), equals: expected, "the upload's totals")
        let nothing = UploadSummary(upload: empty, reportedParts: 0, storedParts: 0, storedBytes: 0)
        try expect(try await store.uploadSummary(empty.id), equals: nothing, "the totals of an empty upload")
        let list = try await store.uploads(of: "ada", page: .all)
        try expect(Set(list.items), equals: [expected, nothing], "the same in the list")
    }

    private static func abortDeletesEverything(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        let wins = try await concurrently(8) { _ in try await store.abortUpload(upload.id) }
        try expect(wins.count { $0 }, equals: 1, "exactly one abort finds the upload")
        try expect(try await store.upload(upload.id), equals: nil, "the upload is gone")
        try expect(try await store.parts(of: upload.id), equals: [], "its parts are gone")
        try expect(
            try await store.discardedObjects(limit: 9).map(\.key),
            equals: [upload.key],
            "its object is discarded"
        )
    }

    private static func abortNeedsAnActiveUpload(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try await fixture.addCompletingUpload(upload, to: store)
        try expect(try await !store.abortUpload(upload.id), "an upload that is being completed is not aborted")
        let isDone = try await store.completeUpload(upload.id, file: fixture.file(of: upload), overwrite: false)
        try expect(isDone, "it completes")
        try expect(try await !store.abortUpload(upload.id), "a completed upload is not aborted")
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "nothing is discarded")
    }

    private static func idleUploadsAreOldestFirst(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws
    {
        var ids: [String] = []
        for age in [40, 30, 20, 10] {
            let upload = fixture.upload("\(age)", initiatedOn: MetadataFixture.time.addingTimeInterval(-Double(age)))
            try await store.addUpload(upload)
            ids.append(upload.id)
        }
        _ = try await store.beginCompletion(of: ids[1])
        let since = MetadataFixture.time.addingTimeInterval(-10)
        try expect(try await store.idleUploads(since: since, limit: 9), equals: [ids[0], ids[2]], "active and older")
        try expect(try await store.idleUploads(since: since, limit: 1), equals: [ids[0]], "the oldest first")
    }

    private static func storedPartKeepsAnUploadAlive(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let old = MetadataFixture.time.addingTimeInterval(-1000)
        let upload = fixture.upload(initiatedOn: old)
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1, storedOn: old), of: upload.id)
        _ = try await store.recordPart(try MetadataFixture.part(2), of: upload.id)
        let (before, after) = (MetadataFixture.time.addingTimeInterval(-1), MetadataFixture.time.addingTimeInterval(1))
        try expect(try await store.idleUploads(since: before, limit: 9), equals: [], "a part was stored since")
        try expect(try await !store.abortUpload(upload.id, ifIdleSince: before), "it is not idle")
        try expect(try await store.idleUploads(since: after, limit: 9), equals: [upload.id], "no part was stored since")
        try await store.keepAlive(upload.id, now: after)
        try expect(try await store.idleUploads(since: after, limit: 9), equals: [], "it was active since")
        try expect(try await !store.abortUpload(upload.id, ifIdleSince: after), "it is not idle")
        let later = after.addingTimeInterval(1)
        try expect(try await store.abortUpload(upload.id, ifIdleSince: later), "it is idle")
        try expect(try await store.upload(upload.id), equals: nil, "it is gone")
        try await store.keepAlive(upload.id, now: later)
        try expect(try await store.upload(upload.id), equals: nil, "it stays gone")
    }

    private static func partStoredDuringAnAbortIsNotLost(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let deadline = MetadataFixture.time.addingTimeInterval(-1)
        let uploads = (0..<40).map { _ in fixture.upload(initiatedOn: MetadataFixture.time.addingTimeInterval(-1000)) }
        for upload in uploads { try await store.addUpload(upload) }
        let part = try MetadataFixture.part(1)
        _ = try await concurrently(uploads.count) { index in
            let id = uploads[index].id
            async let aborts = concurrently(3) { _ in try await store.abortUpload(id, ifIdleSince: deadline) }
            var isStored = true
            do {
                _ = try await store.recordPart(part, of: id)
            } catch let error as PontoonError where error.code == .uploadNotFound {
                isStored = false
            }
            let isAborted = try await aborts.contains(true)
            try expect(isAborted, equals: !isStored, "the upload is aborted only if the part is refused")
            try expect(try await store.parts(of: id).count, equals: isStored ? 1 : 0, "an acknowledged part is kept")
        }
    }

    private static func pruneDeletesCompletedUploadsOnly(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let time = MetadataFixture.time
        let (early, late, open) = (fixture.upload("a"), fixture.upload("b"), fixture.upload("c"))
        var files: [File] = []
        for (upload, end) in [(early, time.addingTimeInterval(10)), (late, time.addingTimeInterval(20))] {
            try await fixture.addCompletingUpload(upload, to: store)
            let file = fixture.file(of: upload, createdOn: end)
            files.append(file)
            try expect(try await store.completeUpload(upload.id, file: file, overwrite: false), "it completes")
        }
        try await store.addUpload(open)
        try await store.pruneCompletedUploads(before: time.addingTimeInterval(20))
        try expect(try await store.upload(early.id), equals: nil, "completed before the time: deleted")
        try expect(try await store.upload(late.id)?.state, equals: .completed, "completed at the time: kept")
        try expect(try await store.upload(open.id), equals: open, "not completed: kept")
        for file in files { try expect(try await store.file(file.id), equals: file, "files stay") }
        try expect(try await store.discardedObjects(limit: 9).map(\.key), equals: [], "no object is discarded")
    }

    private static func openKeysAreOfUnfinishedUploads(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let (active, completing, aborted) = (fixture.upload("a"), fixture.upload("b"), fixture.upload("c"))
        try await store.addUpload(active)
        try await fixture.addCompletingUpload(completing, to: store)
        try await store.addUpload(aborted)
        _ = try await store.abortUpload(aborted.id)
        try await fixture.addFile("d", to: store)
        try expect(try await store.openUploadKeys(), equals: [active.key, completing.key], "unfinished uploads")
    }
}
