import Foundation
package import PontoonCore
import Synchronization

/// Rules for the leases of completions and of maintenance tasks.
package enum LeaseContract: MetadataRule, CaseIterable {
    case oneOfManyCallersAcquiresTheLease
    case onlyTheLeaseOwnerActs
    case expiredLeaseIsTakenOver
    case releasedUploadIsActiveAgain
    case snapshotShowsWhatIsCompleted
    case refusalChangesNothing
    case oneOfManyServersGetsTheTask
    case taskLeaseExpires

    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .oneOfManyCallersAcquiresTheLease: try await Self.oneOfManyCallersAcquiresTheLease(store, fixture)
        case .onlyTheLeaseOwnerActs: try await Self.onlyTheLeaseOwnerActs(store, fixture)
        case .expiredLeaseIsTakenOver: try await Self.expiredLeaseIsTakenOver(store, fixture)
        case .releasedUploadIsActiveAgain: try await Self.releasedUploadIsActiveAgain(store, fixture)
        case .snapshotShowsWhatIsCompleted: try await Self.snapshotShowsWhatIsCompleted(store, fixture)
        case .refusalChangesNothing: try await Self.refusalChangesNothing(store, fixture)
        case .oneOfManyServersGetsTheTask: try await Self.oneOfManyServersGetsTheTask(store)
        case .taskLeaseExpires: try await Self.taskLeaseExpires(store)
        }
    }

    private static let time = MetadataFixture.time

    private static func lease(_ leaseID: String, lasting seconds: TimeInterval = 30) -> Lease {
        Lease(id: leaseID, expiresOn: time.addingTimeInterval(seconds))
    }

    private static func oneOfManyCallersAcquiresTheLease(_ store: some MetadataStore, _ fixture: MetadataFixture)
        async throws
    {
        let upload = fixture.upload()
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an unknown upload cannot be leased"
        )
        try await store.addUpload(upload)
        let wins = try await concurrently(32) { index in
            try await store.acquireCompletionLease(of: upload.id, lease("\(index)"), now: time)
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many callers succeeds")
        let claimed = try require(try await store.upload(upload.id), "the upload is stored")
        try expect(claimed.state, equals: .completing, "the upload is being completed")
        try expect(claimed.leaseExpiresOn, equals: time.addingTimeInterval(30), "the upload has the lease's expiry")
    }

    private static func onlyTheLeaseOwnerActs(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        let file = fixture.file(of: upload)
        try await store.addUpload(upload)
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an active upload can be leased"
        )
        let late = lease("a", lasting: 99)
        try expect(try await store.renewCompletionLease(of: upload.id, late), "the owner renews the lease")
        try expect(try await store.upload(upload.id)?.leaseExpiresOn, equals: late.expiresOn, "the new expiry")
        try expect(try await !store.renewCompletionLease(of: upload.id, lease("b")), "nobody else renews it")
        try expect(try await !store.releaseCompletionLease(of: upload.id, leaseID: "b"), "nobody else releases it")
        let completed = CompletedFile.file(file, rule: .overwrite)
        let byOther = try await store.completeUpload(upload.id, leaseID: "b", as: completed)
        try expect(byOther, equals: nil, "only the owner of the lease completes the upload")
        try expect(try await store.file(file.id), equals: nil, "nothing was changed")
        let byOwner = try await store.completeUpload(upload.id, leaseID: "a", as: completed)
        try expect(byOwner, equals: completed, "the owner of the lease completes the upload")
        try expect(try await !store.renewCompletionLease(of: upload.id, late), "the lease has ended")
        try expect(try await !store.releaseCompletionLease(of: upload.id, leaseID: "a"), "the lease has ended")
        let next = Lease(id: "c", expiresOn: .distantFuture)
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, next, now: .distantFuture),
            "a completed upload stays completed"
        )
        try expect(try await store.upload(upload.id)?.state, equals: .completed, "a completed upload stays completed")
    }

    private static func expiredLeaseIsTakenOver(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an active upload can be leased"
        )
        let (early, end) = (time.addingTimeInterval(29), time.addingTimeInterval(30))
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, lease("b", lasting: 60), now: early),
            "a lease is valid until it expires"
        )
        try expect(
            try await store.completingUploads(leasedUntil: early),
            equals: [],
            "no lease has expired"
        )
        try expect(
            try await store.completingUploads(leasedUntil: end).map(\.id),
            equals: [upload.id],
            "the lease has expired"
        )
        let wins = try await concurrently(8) { index in
            try await store.acquireCompletionLease(of: upload.id, lease("b\(index)", lasting: 60), now: end)
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one caller takes over")
        try expect(
            try await !store.renewCompletionLease(of: upload.id, lease("a", lasting: 99)),
            "the first owner has lost the lease"
        )
        let completed = try await store.completeUpload(
            upload.id,
            leaseID: "a",
            as: .file(fixture.file(of: upload), rule: .overwrite)
        )
        try expect(completed, equals: nil, "the first owner can no longer complete the upload")
    }

    private static func releasedUploadIsActiveAgain(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(
            try await !store.releaseCompletionLease(of: upload.id, leaseID: ""),
            "an active upload has no lease"
        )
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "the lease is acquired"
        )
        try expect(try await store.releaseCompletionLease(of: upload.id, leaseID: "a"), "the lease is released")
        try expect(try await store.upload(upload.id), equals: upload, "the upload is unchanged")
        let all = try await store.completingUploads(leasedUntil: .distantFuture)
        try expect(all, equals: [], "no upload is being completed")
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("b"), now: time),
            "it can be leased again"
        )
    }

    private static func snapshotShowsWhatIsCompleted(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        let parts = [try MetadataFixture.part(2), try MetadataFixture.part(1)]
        for part in parts { _ = try await store.recordPart(part, of: upload.id) }
        _ = try await store.reportParts([PartReport(number: parts[1].number, etag: parts[1].etag)], of: upload.id)
        let (seen, claimed) = try await acquireLeaseObserving(upload, in: store)
        try expect(claimed, equals: seen, "the snapshot is what the decision saw")
        try expect(claimed?.parts.map(\.number.rawValue), equals: [1, 2], "all stored parts, by number")
        try expect(claimed?.parts.map(\.isReported), equals: [true, false], "only the first part is reported")
        try expect(claimed?.existingEntry, equals: nil, "the name is free")
        try expect(claimed?.upload, equals: try await store.upload(upload.id), "the upload in its new state")
        try expect(claimed?.initiatorMayWrite, equals: true, "its initiator may write")

        let second = fixture.upload()
        try await store.addUpload(second)
        try await store.addFolder(fixture.folder(second.name))
        _ = try await store.removeMember(fixture.user.name, from: fixture.project.id)
        let other = try await acquireLeaseObserving(second, in: store).claimed
        try expect(other?.existingEntry, equals: .folder, "a folder with the name exists")
        try expect(other?.initiatorMayWrite, equals: false, "a removed member may not write")
    }

    private static func acquireLeaseObserving(
        _ upload: Upload,
        in store: some MetadataStore
    ) async throws -> (seen: CompletionSnapshot?, claimed: CompletionSnapshot?) {
        let seen = Mutex<CompletionSnapshot?>(nil)
        let result = try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time) { snapshot in
            seen.withLock { $0 = snapshot }
            return snapshot
        }
        guard case .acquired(let claimed) = result else { return (seen.withLock { $0 }, nil) }
        return (seen.withLock { $0 }, claimed)
    }

    private static func refusalChangesNothing(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        _ = try await store.recordPart(try MetadataFixture.part(1), of: upload.id)
        let result = try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time) {
            _ throws(PontoonError) -> Never in
            throw PontoonError(.completeRefused, "not yet")
        }
        guard case .refused(let refusal) = result else {
            try expect(false, "a refusal is returned")
            return
        }
        try expect(refusal.code, equals: .completeRefused, "the error code")
        try expect(try await store.upload(upload.id), equals: upload, "the upload is as before")
        try expect(try await store.upload(upload.id, reading: .cached), equals: upload, "the cached row is as before")
        _ = try await store.recordPart(try MetadataFixture.part(2), of: upload.id)
        try expect(try await store.parts(of: upload.id).count, equals: 2, "the upload still accepts parts")
    }

    private static func oneOfManyServersGetsTheTask(_ store: some MetadataStore) async throws {
        let wins = try await concurrently(16) { index in
            try await store.acquireLease("tidy", lease("\(index)"), now: time)
        }
        try expect(wins.count { $0 }, equals: 1, "exactly one of many callers gets the task")
        try expect(try await store.acquireLease("sweep", lease("x"), now: time), "another task has its own lease")
    }

    private static func taskLeaseExpires(_ store: some MetadataStore) async throws {
        try expect(try await store.acquireLease("tidy", lease("a"), now: time), "the task is free")
        try expect(try await store.acquireLease("tidy", lease("a", lasting: 40), now: time), "the owner renews it")
        let (early, end) = (time.addingTimeInterval(39), time.addingTimeInterval(40))
        try expect(
            try await !store.acquireLease("tidy", lease("b", lasting: 60), now: early),
            "a lease is valid until it expires"
        )
        try expect(try await store.acquireLease("tidy", lease("b", lasting: 60), now: end), "an expired lease is free")
        try await store.endLease("tidy", leaseID: "a")
        try expect(
            try await !store.acquireLease("tidy", lease("a", lasting: 60), now: end),
            "only the owner ends a lease"
        )
        try await store.endLease("tidy", leaseID: "b")
        try expect(
            try await store.acquireLease("tidy", lease("a", lasting: 60), now: end),
            "a task whose lease was ended is free"
        )
    }
}

extension UploadStore {
    /// Acquires a completion lease that does not expire, for rules that do not test leases.
    ///
    /// - Returns: `false` if the upload is unknown, leased or completed.
    package func beginCompletion(of id: String) async throws -> Bool {
        try await acquireCompletionLease(
            of: id,
            Lease(id: Self.leaseID, expiresOn: .distantFuture),
            now: MetadataFixture.time
        )
    }

    /// Completes an upload to a folder under the lease of ``beginCompletion(of:)``, and returns whether it was
    /// completed.
    package func completeUpload(_ id: String, file: File, overwrite: Bool) async throws -> Bool {
        try await completeUpload(id, leaseID: Self.leaseID, as: .file(file, rule: overwrite ? .overwrite : .fail))
            != nil
    }

    /// Completes an upload to a folder under the lease of ``beginCompletion(of:)``.
    ///
    /// - Returns: The new file, or the existing file if the conflict rule keeps it; `nil` if the lease is not valid.
    package func completeUpload(_ id: String, file: File, rule: NameConflictRule) async throws -> File? {
        let completed = try await completeUpload(id, leaseID: Self.leaseID, as: .file(file, rule: rule))
        guard case .file(let file, _) = completed else { return nil }
        return file
    }

    /// Completes an upload to an automation under the lease of ``beginCompletion(of:)``, and returns whether it was
    /// completed.
    package func completeUpload(_ id: String, packageFile: PackageFile) async throws -> Bool {
        try await completeUpload(id, leaseID: Self.leaseID, as: .package(packageFile)) != nil
    }

    private static var leaseID: String { "fixture" }
}

extension PartStore {
    package func part(_ number: PartNumber, of uploadID: String) async throws -> PartRecord? {
        try await parts(of: uploadID).first { $0.number == number }
    }
}
