import Foundation
package import PontoonCore

/// Rules for uploads whose bytes are sent directly to a ``PresignedObjectStore``.
package enum PresignedUploadContract: MetadataRule, CaseIterable {
    case handleRoundTrips
    case discardedUploadKeepsItsHandle
    case deletedProjectKeepsHandles
    case reportCreatesARecord
    case newerReportReplacesTheRecord
    case equalReportChangesNothing
    case lastOfEqualNumbersCounts
    case reportsAreRecordedAtomically
    case onlyAnActiveUploadAcceptsNewReports
    case reportKeepsAnUploadAlive
    case restartReplacesTheObject
    case onlyTheLeaseOwnerRestarts

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .handleRoundTrips: try await Self.handleRoundTrips(store, fixture)
        case .discardedUploadKeepsItsHandle: try await Self.discardedUpload(store, fixture)
        case .deletedProjectKeepsHandles: try await Self.deletedProject(store, fixture)
        case .reportCreatesARecord: try await Self.reportCreatesARecord(store, fixture)
        case .newerReportReplacesTheRecord: try await Self.newerReport(store, fixture)
        case .equalReportChangesNothing: try await Self.equalReport(store, fixture)
        case .lastOfEqualNumbersCounts: try await Self.equalNumbers(store, fixture)
        case .reportsAreRecordedAtomically: try await Self.allOrNone(store, fixture)
        case .onlyAnActiveUploadAcceptsNewReports: try await Self.onlyActive(store, fixture)
        case .reportKeepsAnUploadAlive: try await Self.keepsAlive(store, fixture)
        case .restartReplacesTheObject: try await Self.restart(store, fixture)
        case .onlyTheLeaseOwnerRestarts: try await Self.onlyTheHolder(store, fixture)
        }
    }

    private static let time = MetadataFixture.time

    private static func report(_ number: Int, _ etag: String) throws -> PartReport {
        PartReport(number: try PartNumber(number), etag: etag)
    }

    private static func upload(_ fixture: MetadataFixture, handle: String?) -> Upload {
        let plain = fixture.upload()
        return Upload(
            id: plain.id,
            userName: plain.userName,
            destination: plain.destination,
            name: plain.name,
            size: plain.size,
            partSize: plain.partSize,
            md5: nil,
            rule: .fail,
            key: plain.key,
            handle: handle.map(UploadHandle.init(rawValue:)),
            initiatedOn: plain.initiatedOn
        )
    }

    private static func added(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws -> Upload {
        let upload = upload(fixture, handle: "h/+=1")
        try await store.addUpload(upload)
        return upload
    }

    private static func tags(_ store: some MetadataStore, _ upload: Upload) async throws -> [Int: String] {
        Dictionary(
            uniqueKeysWithValues: try await store.parts(of: upload.id).filter(\.isReported)
                .map { ($0.number.rawValue, $0.etag) }
        )
    }

    private static func handleRoundTrips(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        for handle in ["h/+=1", nil] {
            let upload = upload(fixture, handle: handle)
            try await store.addUpload(upload)
            try expect(try await store.upload(upload.id), equals: upload, "a stored upload is read back unchanged")
        }
    }

    private static func discardedUpload(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        try expect(try await store.abortUpload(upload.id), "an active upload is aborted")
        try expect(try await store.discardedObjects(limit: 9), equals: [upload.object], "key and handle")
    }

    private static func deletedProject(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        try expect(try await store.deleteProject(fixture.project.id) != nil, "the project is deleted")
        try expect(try await store.discardedObjects(limit: 9), equals: [upload.object], "key and handle")
    }

    private static func reportCreatesARecord(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        let wrong = try await store.recordReports([report(2, "Ab-1"), report(1, "x")], of: upload.id, at: time)
        try expect(wrong, equals: nil, "both are recorded")
        let expected = PartRecord(
            number: try PartNumber(2),
            size: nil,
            etag: "Ab-1",
            crc64: nil,
            location: .remote,
            storedOn: time,
            isReported: true
        )
        try expect(try await store.part(expected.number, of: upload.id), equals: expected, "the ETag as reported")
        try expect(try await store.uploadSummary(upload.id)?.reportedParts, equals: 2, "the number of reported parts")
    }

    private static func newerReport(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        for tag in ["a", "b", "a", "c"] { _ = try await store.recordReports([report(1, tag)], of: upload.id, at: time) }
        try expect(try await tags(store, upload), equals: [1: "c"], "the newest report replaces earlier ones")
    }

    private static func equalReport(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        _ = try await store.recordReports([report(1, "a")], of: upload.id, at: time)
        let later = time.addingTimeInterval(60)
        try expect(try await store.recordReports([report(1, "a")], of: upload.id, at: later), equals: nil, "repeated")
        try expect(
            try await store.parts(of: upload.id).map(\.storedOn),
            equals: [time],
            "an equal report changes nothing"
        )
    }

    private static func equalNumbers(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        let reports = [try report(1, "a"), try report(2, "b"), try report(1, "c")]
        try expect(try await store.recordReports(reports, of: upload.id, at: time), equals: nil, "all are recorded")
        try expect(try await tags(store, upload), equals: [1: "c", 2: "b"], "the last report of a number counts")
        try expect(try await store.recordReports([], of: upload.id, at: time), equals: nil, "no reports")
    }

    private static func allOrNone(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let reports = [try report(1, "a"), try report(2, "b")]
        try expect(
            try await store.recordReports(reports, of: "nope", at: time),
            equals: .uploadNotFound,
            "no such upload"
        )
        let many = try (1...10_000).map { try report($0, "t\($0)") }
        let upload = try await added(store, fixture)
        try expect(try await store.recordReports(many, of: upload.id, at: time), equals: nil, "10,000 reports")
        try expect(try await tags(store, upload).count, equals: 10_000, "all 10,000 parts are reported")
    }

    private static func onlyActive(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        let (first, other) = (try report(1, "a"), try report(1, "b"))
        _ = try await store.recordReports([first], of: upload.id, at: time)
        let lease = Lease(id: "me", expiresOn: .distantFuture)
        try expect(try await store.acquireCompletionLease(of: upload.id, lease, now: time), "the completion is leased")
        try expect(try await store.recordReports([first], of: upload.id, at: time), equals: nil, "an equal report")
        try expect(
            try await store.recordReports([other], of: upload.id, at: time),
            equals: .uploadNotActive,
            "a completing upload accepts no new reports"
        )
        let new = try report(2, "c")
        try expect(
            try await store.recordReports([first, new], of: upload.id, at: time),
            equals: .uploadNotActive,
            "a completing upload accepts no new reports"
        )
        try expect(try await tags(store, upload), equals: [1: "a"], "the parts of a completing upload do not change")
    }

    private static func keepsAlive(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        let (later, deadline) = (time.addingTimeInterval(100), time.addingTimeInterval(50))
        try expect(try await store.idleUploads(since: deadline, limit: 9), equals: [upload.id], "no part was reported")
        _ = try await store.recordReports([report(1, "a")], of: upload.id, at: later)
        try expect(try await store.idleUploads(since: deadline, limit: 9), equals: [], "a part was reported")
        try expect(try await !store.abortUpload(upload.id, ifIdleSince: deadline), "it is not aborted")
    }

    private static func restart(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        _ = try await store.recordReports([report(1, "a")], of: upload.id, at: time)
        let lease = Lease(id: "me", expiresOn: .distantFuture)
        try expect(try await store.acquireCompletionLease(of: upload.id, lease, now: time), "the completion is leased")
        let object = ObjectReference(key: .random(), handle: UploadHandle(rawValue: "h2"))
        try expect(
            try await store.restartUpload(upload.id, leaseID: "me", as: object),
            "the owner of the lease restarts the upload"
        )
        let now = try require(try await store.upload(upload.id), "the upload is still there")
        try expect(now.object, equals: object, "the new key and handle")
        try expect(try await store.discardedObjects(limit: 9), equals: [upload.object], "the old object is discarded")
        try expect(now.state, equals: .completing, "the upload is still leased")
        try expect(try await store.parts(of: upload.id), equals: [], "no part is left")
        try expect(try await store.releaseCompletionLease(of: upload.id, leaseID: "me"), "the lease is released")
        try expect(
            try await store.recordReports([report(1, "b")], of: upload.id, at: time),
            equals: nil,
            "the upload accepts reports again"
        )
    }

    private static func onlyTheHolder(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = try await added(store, fixture)
        _ = try await store.recordReports([report(1, "a")], of: upload.id, at: time)
        let other = ObjectReference(key: .random())
        try expect(try await !store.restartUpload(upload.id, leaseID: "", as: other), "an active upload has no lease")
        let lease = Lease(id: "me", expiresOn: .distantFuture)
        try expect(try await store.acquireCompletionLease(of: upload.id, lease, now: time), "the completion is leased")
        try expect(
            try await !store.restartUpload(upload.id, leaseID: "you", as: other),
            "another lease cannot restart it"
        )
        try expect(try await !store.restartUpload("nope", leaseID: "me", as: other), "no such upload")
        try expect(try await tags(store, upload), equals: [1: "a"], "nothing was changed")
        try expect(try await store.upload(upload.id)?.object, equals: upload.object, "the object is the same")
        try expect(try await store.discardedObjects(limit: 9), equals: [], "nothing is discarded")
    }
}
