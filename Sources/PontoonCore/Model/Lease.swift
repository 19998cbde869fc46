package import Foundation

/// An exclusive, time-limited lease.
///
/// It expires on its own, so that another server can take over after a crash.
package struct Lease: Hashable, Sendable {
    /// Random and new for each lease: a caller that lost a lease cannot act under the next one.
    package let id: String
    /// The time from which another server may acquire the same lease.
    package let expiresOn: Date

    package init(id: String, expiresOn: Date) {
        self.id = id
        self.expiresOn = expiresOn
    }
}

/// The state of an upload at the moment its completion is leased.
///
/// Only the owner of the lease changes the upload while the lease is valid.
package struct CompletionSnapshot: Hashable, Sendable {
    /// The upload, `.completing`.
    package let upload: Upload
    /// Whether the initiator may write into the project; always true for an automation, because only its owner uploads
    /// to it.
    package let initiatorMayWrite: Bool
    /// All stored parts, by number.
    package let parts: [PartRecord]
    /// The kind of the existing entry with the file's name in its folder; `nil` if the name is free.
    package let existingEntry: File.Kind?

    package init(upload: Upload, initiatorMayWrite: Bool, parts: [PartRecord], existingEntry: File.Kind?) {
        self.upload = upload
        self.initiatorMayWrite = initiatorMayWrite
        self.parts = parts
        self.existingEntry = existingEntry
    }
}

/// The result of an attempt to lease a completion.
package enum CompletionLeaseResult<Plan: Sendable>: Sendable {
    /// The caller has the lease; the plan was decided in the same transaction.
    case acquired(Plan)
    /// The completion was refused.
    case refused(PontoonError)
    /// Another caller has the lease, or the upload is completed or does not exist.
    case unavailable
}
