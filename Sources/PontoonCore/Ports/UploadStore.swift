package import PontoonFoundation

/// Storage of uploads and of the leases under which they are completed.
package protocol UploadStore: Sendable {
    /// Adds an upload. If its destination is a folder, reserves the declared size. An upload with a
    /// ``Upload/senderSession`` is subject to the limits of the session's upload link.
    ///
    /// - Parameters:
    ///   - upload: The upload.
    ///   - labels: Labels that the file will have.
    ///   - maximum: Maximum number of unfinished uploads of the user, including this one. Uploads to folders and
    ///     uploads of code packages are counted separately. Concurrent calls may exceed the maximum.
    /// - Throws: `.destinationNotFound` if the upload's folder does not exist; `.automationNotFound` if its automation
    ///   does not exist; `.limitReached` if the user has too many uploads or the upload link does not accept the file;
    ///   `.quotaExceeded` if the upload would exceed a quota of the project or its owner; `.notAuthenticated` if the
    ///   session does not exist.
    func addUpload(_ upload: Upload, labels: FileLabels, maximum: Int) async throws
    /// Returns an upload in any state.
    ///
    /// - Returns: `nil` if there is no such upload, for example because it was aborted.
    func upload(_ id: String, reading consistency: ReadConsistency) async throws -> Upload?
    /// Returns an upload in any state, with its labels and the totals of its parts.
    ///
    /// - Returns: `nil` if there is no such upload.
    func uploadSummary(_ id: String) async throws -> UploadSummary?
    /// Returns one page of a user's unfinished uploads to project folders, newest first, and their total number.
    /// Includes only uploads to `projects`; `nil` includes all.
    func uploads(of userName: String, in projects: Set<ProjectID>?, page: Page) async throws -> Listing<UploadSummary>
    /// Returns one page of a user's unfinished uploads of code packages, newest first, and their total number.
    func packageUploads(of userName: String, page: Page) async throws -> Listing<UploadSummary>

    /// Returns the unfinished uploads of all users that match a filter, including those of code packages, ordered by
    /// id.
    ///
    /// - Parameters:
    ///   - filter: The conditions that each upload must satisfy.
    ///   - id: Only uploads with greater ids are returned; `nil` starts with the first upload.
    ///   - limit: Maximum number of uploads to return.
    /// - Returns: The uploads; fewer than `limit` only if no more follow.
    /// - Throws: An error if the store is unavailable.
    func openUploads(_ filter: OpenUploadFilter, after id: String?, limit: Int) async throws -> [OpenUpload]

    /// Acquires the lease to complete an upload that is `.active`, or that is `.completing` under a lease that expired
    /// by `now`. The upload becomes `.completing` and its parts no longer change. If several callers in the same or
    /// different processes compete, at most one succeeds.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - lease: The new lease.
    ///   - now: The current time.
    ///   - decide: Creates the completion plan within the transaction, or throws to refuse the completion. It must have
    ///     no side effects, because it runs again if the transaction is retried.
    /// - Returns: `.acquired` with the plan for the caller that succeeds. After `.refused` and `.unavailable`, nothing
    ///   has changed.
    /// - Throws: An error if the store is unavailable; the lease may then have been acquired.
    func acquireCompletionLease<Plan: Sendable>(
        of id: String,
        _ lease: Lease,
        now: Date,
        deciding decide: @escaping @Sendable (CompletionSnapshot) throws(PontoonError) -> Plan
    ) async throws -> CompletionLeaseResult<Plan>
    /// Renews a completion lease: sets its expiry to the expiry of `lease`.
    ///
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under the id of `lease`.
    func renewCompletionLease(of id: String, _ lease: Lease) async throws -> Bool
    /// Releases a completion lease. The upload becomes `.active` again.
    ///
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under `leaseID`.
    func releaseCompletionLease(of id: String, leaseID: String) async throws -> Bool
    /// Completes an upload: adds its file, marks the upload as `.completed`, deletes its part records, and releases its
    /// reservation. Discards objects that are no longer used: the object of a replaced file, and the upload's own
    /// object if the new file uses another one; see ``DiscardedObjectStore``. With ``NameConflictRule/skip``, if the
    /// folder already has a file with this name, that file becomes the upload's file, and the upload's object is
    /// discarded.
    ///
    /// - Returns: The file of the upload, whose name may differ with ``NameConflictRule/rename``; `nil`, with nothing
    ///   changed, if the upload is not `.completing` under `leaseID`, for example because it was deleted with its
    ///   project.
    /// - Throws: `.nameTaken` or `.folderExists` if the rule refuses the file because a file or folder has its name;
    ///   `.fileNameInvalid` if the name would be too long with a number added; `.destinationNotFound` if the folder no
    ///   longer exists; `.completeRefused` if the limits of the upload's link were lowered in the meantime;
    ///   `.quotaExceeded` if the file needs more space than the upload has reserved, and a quota has too little space
    ///   left.
    func completeUpload(_ id: String, leaseID: String, as file: CompletedFile) async throws -> CompletedFile?
    /// Deletes the part records of an upload and gives it a new object, so that all parts must be sent again. Discards
    /// the old object. The upload remains `.completing` under its lease.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - leaseID: The lease under which the upload is completed.
    ///   - object: The new object. Its key must be new, because a server that has lost its lease may still change the
    ///     old object.
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under `leaseID`.
    /// - Throws: An error if the store is unavailable; the upload may then have been restarted.
    func restartUpload(_ id: String, leaseID: String, as object: ObjectReference) async throws -> Bool
    /// Deletes an `.active` upload and its part records, and discards its object. Records the event of its expiry if
    /// `deadline` is given, otherwise the event of its abort.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - deadline: Aborts the upload only if it was initiated before this time and, since this time, no part was
    ///     stored and ``keepAlive(_:now:reserving:)`` was not called. A part that is stored concurrently prevents the
    ///     abort. `nil` aborts the upload even if it is not idle.
    /// - Returns: `false` if there is no such upload, or if it is not `.active` or not idle.
    /// - Throws: An error if the store is unavailable.
    func abortUpload(_ id: String, ifIdleSince deadline: Date?) async throws -> Bool

    /// Records that a client is working on an upload, so that the upload does not expire. Does nothing unless the
    /// upload is `.active`.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - now: The current time.
    ///   - reserving: Whether to reserve the declared size again if the reservation has lapsed.
    /// - Throws: `.quotaExceeded`, with nothing changed, if `reserving` is true and a quota has too little space left.
    func keepAlive(_ id: String, now: Date, reserving: Bool) async throws
    /// Returns the ids of at most `limit` idle `.active` uploads, oldest first, whose reservations have not been
    /// reduced since they became idle; see ``reduceReservation(of:ifIdleSince:)``. Uploads without a declared size are
    /// not returned, because they have reserved only the bytes of their stored parts.
    func lapsedReservations(idleSince deadline: Date, limit: Int) async throws -> [String]
    /// Reduces the reservation of an idle upload to the bytes that are stored. With a presigned store, each reported
    /// part counts as one full part size, because only the bucket knows its actual length. An upload is idle if it was
    /// initiated before `deadline` and, since `deadline`, no part was stored and ``keepAlive(_:now:reserving:)`` was
    /// not called.
    ///
    /// - Returns: `false`, with nothing changed, if ``lapsedReservations(idleSince:limit:)`` would not return the
    ///   upload.
    func reduceReservation(of id: String, ifIdleSince deadline: Date) async throws -> Bool
    /// Returns the ids of at most `limit` idle `.active` uploads, oldest first. An upload is idle if it was initiated
    /// before `deadline` and, since `deadline`, no part was stored and ``keepAlive(_:now:reserving:)`` was not called.
    func idleUploads(since deadline: Date, limit: Int) async throws -> [String]
    /// Returns the stored total running time of the service; `nil` if none has been stored.
    func observedTime() async throws -> ObservedTime?
    /// Stores the total running time of the service.
    func setObservedTime(_ time: ObservedTime) async throws
    /// Deletes the records of uploads that were completed before a time. Does not delete their files.
    func pruneCompletedUploads(before time: Date) async throws
    /// Returns the `.completing` uploads whose leases expire by a time, oldest upload first.
    func completingUploads(leasedUntil time: Date) async throws -> [Upload]
}

extension UploadStore {
    /// Returns the latest state of an upload; see ``upload(_:reading:)``.
    package func upload(_ id: String) async throws -> Upload? { try await upload(id, reading: .latest) }

    /// Returns one page of a user's unfinished uploads in all projects; see ``uploads(of:in:page:)``.
    package func uploads(of userName: String, page: Page) async throws -> Listing<UploadSummary> {
        try await uploads(of: userName, in: nil, page: page)
    }

    /// Records activity in an upload without reserving space; see ``keepAlive(_:now:reserving:)``.
    package func keepAlive(_ id: String, now: Date) async throws {
        try await keepAlive(id, now: now, reserving: false)
    }

    /// Aborts an upload even if it is not idle; see ``abortUpload(_:ifIdleSince:)``.
    package func abortUpload(_ id: String) async throws -> Bool { try await abortUpload(id, ifIdleSince: nil) }

    /// Acquires a completion lease without creating a plan.
    ///
    /// - Returns: Whether the lease was acquired.
    package func acquireCompletionLease(of id: String, _ lease: Lease, now: Date) async throws -> Bool {
        switch try await acquireCompletionLease(of: id, lease, now: now, deciding: { _ in () }) {
        case .acquired: true
        case .refused, .unavailable: false
        }
    }
}

/// The file of a completed upload.
package enum CompletedFile: Hashable, Sendable {
    /// A file in a folder. `rule` applies if the file's name is taken.
    case file(File, rule: NameConflictRule)
    /// The file of a code package.
    case package(PackageFile)
}
