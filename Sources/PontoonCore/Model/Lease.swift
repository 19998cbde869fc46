package import Foundation

/// An exclusive, time-limited lease.
///
/// It expires on its own, so that another server can take over after a crash.
package struct Lease: Hashable, Sendable {
    /// Random and new for each lease: whoever lost a lease cannot act under the next one.
    package let id: String
    /// From then on another server may acquire the same lease.
    package let expiresOn: Date

    package init(id: String, expiresOn: Date) {
        self.id = id
        self.expiresOn = expiresOn
    }
}

/// An upload at the moment its completion is leased.
///
/// Nobody else changes it while the lease holds.
package struct CompletionSnapshot: Hashable, Sendable {
    /// The upload, `.completing`.
    package let upload: Upload
    /// Whether the initiator may write into the project; always true for an automation, which only its owner uploads to.
    package let initiatorMayWrite: Bool
    /// All stored parts, by number.
    package let parts: [PartRecord]
    /// The kind of the entry that has the file's name in its folder already; `nil` when the name is free.
    package let existingEntry: File.Kind?

    package init(upload: Upload, initiatorMayWrite: Bool, parts: [PartRecord], existingEntry: File.Kind?) {
        self.upload = upload
        self.initiatorMayWrite = initiatorMayWrite
        self.parts = parts
        self.existingEntry = existingEntry
    }
}

/// What became of an attempt to lease a completion.
package enum CompletionLeaseResult<Plan: Sendable>: Sendable {
    /// The caller holds the lease; the plan was decided in the same transaction.
    case acquired(Plan)
    /// The decision was a refusal.
    case refused(PontoonError)
    /// Another caller holds the lease, or the upload is completed or does not exist.
    case unavailable
}
