package import Foundation

/// Uploads, and the leases under which they are completed.
package protocol UploadStore: Sendable {
    /// Adds an upload.
    /// - Throws: `.destinationNotFound` if its folder does not exist, `.automationNotFound` if its automation does not.
    func addUpload(_ upload: Upload) async throws
    /// An upload in any state.
    /// - Returns: `nil` if there is no such upload; aborted uploads are deleted.
    func upload(_ id: String, reading consistency: ReadConsistency) async throws -> Upload?
    /// An upload in any state, with the totals of its parts.
    /// - Returns: `nil` if there is no such upload.
    func uploadSummary(_ id: String) async throws -> UploadSummary?
    /// A user's uploads to folders that are not completed, newest first.
    func uploads(of userName: String, page: Page) async throws -> Listing<UploadSummary>

    /// Acquires the lease to complete an upload that is `.active`, or `.completing` under a lease that expired by
    /// `now`. The upload becomes `.completing` and its parts no longer change. Of several callers, in one process or
    /// many, at most one succeeds.
    /// - Parameters:
    ///   - id: The upload.
    ///   - lease: The new lease.
    ///   - now: The current time.
    ///   - decide: Decides within the transaction on the plan, or refuses. It must have no side effects, because it may
    ///     run again if the transaction is retried.
    /// - Returns: `.acquired` for the caller that succeeds. After `.refused` and `.unavailable` nothing has changed.
    /// - Throws: If the store is unavailable; whether the lease was acquired may then be unknown.
    func acquireCompletionLease<Plan: Sendable>(
        of id: String,
        _ lease: Lease,
        now: Date,
        deciding decide: @escaping @Sendable (CompletionSnapshot) throws(PontoonError) -> Plan
    ) async throws -> CompletionLeaseResult<Plan>
    /// Changes the expiry of a lease.
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under the lease with this id.
    func renewCompletionLease(of id: String, _ lease: Lease) async throws -> Bool
    /// Ends a lease without completing the upload, which becomes `.active` again.
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under the lease with this id.
    func releaseCompletionLease(of id: String, leaseID: String) async throws -> Bool
    /// Completes an upload: adds its file, marks the upload as `.completed` and deletes its part records.
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under the lease with this id.
    /// - Throws: `.nameTaken` or `.folderExists` for the name; `.destinationNotFound` or `.projectNotFound` if the
    ///   destination no longer exists.
    func completeUpload(_ id: String, leaseID: String, as file: CompletedFile) async throws -> Bool
    /// Deletes the part records of an upload and gives it a new handle, so that all parts must be sent again. The
    /// upload stays under its lease.
    /// - Returns: `false`, with nothing changed, if the upload is not `.completing` under the lease with this id.
    func restartUpload(_ id: String, leaseID: String, handle: UploadHandle?) async throws -> Bool
    /// Deletes an `.active` upload and its part records; its object is added to
    /// ``DiscardedObjectStore/discardedObjects(limit:)``.
    /// - Parameters:
    ///   - id: The upload.
    ///   - deadline: Aborts only if the upload was initiated, and its last part stored, before this time; `nil` for
    ///     unconditionally. A part that is stored concurrently keeps the upload.
    /// - Returns: `false` if there is no such upload or it is not idle.
    /// - Throws: If the store cannot be reached.
    func abortUpload(_ id: String, ifIdleSince deadline: Date?) async throws -> Bool

    /// Ids of the `.active` uploads that were initiated, and received their last part, before a time; oldest first.
    func idleUploads(since deadline: Date, limit: Int) async throws -> [String]
    /// Deletes the records of uploads that were completed before a time; their files stay.
    func pruneCompletedUploads(before time: Date) async throws
    /// Uploads that are `.completing` under a lease that has expired by a time.
    func completingUploads(leasedUntil time: Date) async throws -> [Upload]
    /// Keys of the objects of all uploads that are not completed.
    func openUploadKeys() async throws -> Set<ObjectKey>
}

extension UploadStore {
    /// Reads the latest state; see ``upload(_:reading:)``.
    package func upload(_ id: String) async throws -> Upload? { try await upload(id, reading: .latest) }

    /// Aborts unconditionally; see ``abortUpload(_:ifIdleSince:)``.
    package func abortUpload(_ id: String) async throws -> Bool { try await abortUpload(id, ifIdleSince: nil) }

    /// Acquires a completion lease without deciding on a plan.
    /// - Returns: Whether the lease was acquired.
    package func acquireCompletionLease(of id: String, _ lease: Lease, now: Date) async throws -> Bool {
        switch try await acquireCompletionLease(of: id, lease, now: now, deciding: { _ in () }) {
        case .acquired: true
        case .refused, .unavailable: false
        }
    }
}

/// The file that a completed upload becomes.
package enum CompletedFile: Hashable, Sendable {
    /// A file in a folder, with its own id. If `overwrite` is set, it replaces an existing file of the same name, whose
    /// object is discarded.
    case file(File, overwrite: Bool)
    /// A file of a code package.
    case package(PackageFile)
}
