import Foundation
package import PontoonCore
import Synchronization

/// What every store promises about claims of completions and of tasks; each rule needs an empty store.
package enum LeaseContract: String, CaseIterable, Sendable {
    case oneOfManyClaimsWins
    case onlyTheHolderActs
    case endedClaimIsTakenOver
    case givenBackUploadIsAsBefore
    case claimTellsWhatIsCompleted
    case refusedClaimChangesNothing
    case oneOfManyHasTheTask
    case taskEndsWithItsClaim

    /// Fails when the store breaks the rule.
    package func check(_ store: some MetadataStore) async throws {
        let fixture = try await MetadataFixture(in: store)
        switch self {
        case .oneOfManyClaimsWins: try await Self.oneOfManyClaimsWins(store, fixture)
        case .onlyTheHolderActs: try await Self.onlyTheHolderActs(store, fixture)
        case .endedClaimIsTakenOver: try await Self.endedClaimIsTakenOver(store, fixture)
        case .givenBackUploadIsAsBefore: try await Self.givenBackUploadIsAsBefore(store, fixture)
        case .claimTellsWhatIsCompleted: try await Self.claimTellsWhatIsCompleted(store, fixture)
        case .refusedClaimChangesNothing: try await Self.refusedClaimChangesNothing(store, fixture)
        case .oneOfManyHasTheTask: try await Self.oneOfManyHasTheTask(store)
        case .taskEndsWithItsClaim: try await Self.taskEndsWithItsClaim(store)
        }
    }

    private static let time = MetadataFixture.time

    private static func lease(_ leaseID: String, lasting seconds: TimeInterval = 30) -> Lease {
        Lease(id: leaseID, expiresOn: time.addingTimeInterval(seconds))
    }

    private static func oneOfManyClaimsWins(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an unknown upload is not claimed"
        )
        try await store.addUpload(upload)
        let wins = try await concurrently(32) { index in
            try await store.acquireCompletionLease(of: upload.id, lease("\(index)"), now: time)
        }
        try expect(wins.count { $0 }, equals: 1, "of many callers one wins")
        let claimed = try require(try await store.upload(upload.id), "the upload is there")
        try expect(claimed.state, equals: .completing, "it is being completed")
        try expect(claimed.leaseExpiresOn, equals: time.addingTimeInterval(30), "everybody sees until when")
    }

    private static func onlyTheHolderActs(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        let file = fixture.file(of: upload)
        try await store.addUpload(upload)
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an active upload is claimed"
        )
        let late = lease("a", lasting: 99)
        try expect(try await store.renewCompletionLease(of: upload.id, late), "its owner moves the end")
        try expect(try await store.upload(upload.id)?.leaseExpiresOn, equals: late.expiresOn, "the new end")
        try expect(try await !store.renewCompletionLease(of: upload.id, lease("b")), "nobody else moves it")
        try expect(try await !store.releaseCompletionLease(of: upload.id, leaseID: "b"), "nobody else gives it back")
        let isCompleted = try await store.completeUpload(upload.id, leaseID: "b", as: .file(file, overwrite: true))
        try expect(!isCompleted, "nobody else completes it")
        try expect(try await store.file(file.id), equals: nil, "nothing was changed")
        try expect(
            try await store.completeUpload(upload.id, leaseID: "a", as: .file(file, overwrite: true)),
            "its leaseID completes it"
        )
        try expect(try await !store.renewCompletionLease(of: upload.id, late), "completed is an end")
        try expect(try await !store.releaseCompletionLease(of: upload.id, leaseID: "a"), "completed is an end")
        let next = Lease(id: "c", expiresOn: .distantFuture)
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, next, now: .distantFuture),
            "completed is an end"
        )
        try expect(try await store.upload(upload.id)?.state, equals: .completed, "completed is an end")
    }

    private static func endedClaimIsTakenOver(_ store: some MetadataStore, _ fixture: MetadataFixture) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time),
            "an active upload is claimed"
        )
        let (early, end) = (time.addingTimeInterval(29), time.addingTimeInterval(30))
        try expect(
            try await !store.acquireCompletionLease(of: upload.id, lease("b", lasting: 60), now: early),
            "a lease holds to its end"
        )
        try expect(
            try await store.completingUploads(leasedUntil: early),
            equals: [],
            "nobody is to be taken over from"
        )
        try expect(
            try await store.completingUploads(leasedUntil: end).map(\.id),
            equals: [upload.id],
            "somebody is to be taken over from"
        )
        let wins = try await concurrently(8) { index in
            try await store.acquireCompletionLease(of: upload.id, lease("b\(index)", lasting: 60), now: end)
        }
        try expect(wins.count { $0 }, equals: 1, "one takes over")
        try expect(
            try await !store.renewCompletionLease(of: upload.id, lease("a", lasting: 99)),
            "the first leaseID has lost it"
        )
        let isCompleted = try await store.completeUpload(
            upload.id,
            leaseID: "a",
            as: .file(fixture.file(of: upload), overwrite: true)
        )
        try expect(!isCompleted, "and cannot complete it any more")
    }

    private static func givenBackUploadIsAsBefore(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        try expect(
            try await !store.releaseCompletionLease(of: upload.id, leaseID: ""),
            "an active upload has no leaseID"
        )
        try expect(try await store.acquireCompletionLease(of: upload.id, lease("a"), now: time), "forth")
        try expect(try await store.releaseCompletionLease(of: upload.id, leaseID: "a"), "and back")
        try expect(try await store.upload(upload.id), equals: upload, "as it was")
        let all = try await store.completingUploads(leasedUntil: .distantFuture)
        try expect(all, equals: [], "no completion is open")
        try expect(
            try await store.acquireCompletionLease(of: upload.id, lease("b"), now: time),
            "it can be claimed anew"
        )
    }

    private static func claimTellsWhatIsCompleted(
        _ store: some MetadataStore,
        _ fixture: MetadataFixture
    ) async throws {
        let upload = fixture.upload()
        try await store.addUpload(upload)
        let parts = [try MetadataFixture.part(2), try MetadataFixture.part(1)]
        for part in parts { _ = try await store.recordPart(part, of: upload.id) }
        _ = try await store.reportParts([PartReport(number: parts[1].number, etag: parts[1].etag)], of: upload.id)
        let (seen, claimed) = try await claimSeeing(upload, in: store)
        try expect(claimed, equals: seen, "what was looked at is what is claimed")
        try expect(claimed?.parts.map(\.number.rawValue), equals: [1, 2], "all stored parts, by number")
        try expect(claimed?.parts.map(\.isReported), equals: [true, false], "which of them are reported")
        try expect(claimed?.existingEntry, equals: nil, "the name is free")
        try expect(claimed?.upload, equals: try await store.upload(upload.id), "the upload as it is now")
        try expect(claimed?.initiatorMayWrite, equals: true, "whose initiator may write")

        let second = fixture.upload()
        try await store.addUpload(second)
        try await store.addFolder(fixture.folder(second.name))
        _ = try await store.removeMember(fixture.user.name, from: fixture.project.id)
        let other = try await claimSeeing(second, in: store).claimed
        try expect(other?.existingEntry, equals: .folder, "a folder has the name")
        try expect(other?.initiatorMayWrite, equals: false, "who is no member any more may not write")
    }

    private static func claimSeeing(
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

    private static func refusedClaimChangesNothing(
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
            try expect(false, "a refusal is passed on")
            return
        }
        try expect(refusal.code, equals: .completeRefused, "the reason of the refusal")
        try expect(try await store.upload(upload.id), equals: upload, "the upload is as before")
        try expect(try await store.upload(upload.id, reading: .cached), equals: upload, "and is remembered so")
        _ = try await store.recordPart(try MetadataFixture.part(2), of: upload.id)
        try expect(try await store.parts(of: upload.id).count, equals: 2, "it takes parts as before")
    }

    private static func oneOfManyHasTheTask(_ store: some MetadataStore) async throws {
        let wins = try await concurrently(16) { index in
            try await store.acquireLease("tidy", lease("\(index)"), now: time)
        }
        try expect(wins.count { $0 }, equals: 1, "of many callers one has the task")
        try expect(try await store.acquireLease("sweep", lease("x"), now: time), "another task is another lease")
    }

    private static func taskEndsWithItsClaim(_ store: some MetadataStore) async throws {
        try expect(try await store.acquireLease("tidy", lease("a"), now: time), "nobody had it")
        try expect(try await store.acquireLease("tidy", lease("a", lasting: 40), now: time), "its owner moves the end")
        let (early, end) = (time.addingTimeInterval(39), time.addingTimeInterval(40))
        try expect(
            try await !store.acquireLease("tidy", lease("b", lasting: 60), now: early),
            "a lease holds to its end"
        )
        try expect(try await store.acquireLease("tidy", lease("b", lasting: 60), now: end), "and not longer")
        try await store.endLease("tidy", leaseID: "a")
        try expect(try await !store.acquireLease("tidy", lease("a", lasting: 60), now: end), "only the leaseID lets go")
        try await store.endLease("tidy", leaseID: "b")
        try expect(try await store.acquireLease("tidy", lease("a", lasting: 60), now: end), "what was let go is free")
    }
}

extension UploadStore {
    /// Begins to complete an upload, for rules that are not about leases.
    package func beginCompletion(of id: String) async throws -> Bool {
        try await acquireCompletionLease(
            of: id,
            Lease(id: Self.leaseID, expiresOn: .distantFuture),
            now: MetadataFixture.time
        )
    }

    /// Completes an upload that was begun by ``beginCompletion(of:)``.
    package func completeUpload(_ id: String, file: File, overwrite: Bool) async throws -> Bool {
        try await completeUpload(id, leaseID: Self.leaseID, as: .file(file, overwrite: overwrite))
    }

    /// Completes an upload that was begun by ``beginCompletion(of:)``.
    package func completeUpload(_ id: String, packageFile: PackageFile) async throws -> Bool {
        try await completeUpload(id, leaseID: Self.leaseID, as: .package(packageFile))
    }

    private static var leaseID: String { "fixture" }
}

extension PartStore {
    /// The record of one part.
    package func part(_ number: PartNumber, of uploadID: String) async throws -> PartRecord? {
        try await parts(of: uploadID).first { $0.number == number }
    }
}
