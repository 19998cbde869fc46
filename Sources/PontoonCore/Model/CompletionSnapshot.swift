/// An upload and its parts at the time its completion is leased.
///
/// While the lease is valid, only its owner changes the upload. However, deleting the project or removing the initiator
/// also deletes the upload.
package struct CompletionSnapshot: Hashable, Sendable {
    /// The upload, in the state `.completing`.
    package let upload: Upload
    /// Whether the initiator may write to the project; always true for an automation, because only its owner can upload
    /// to it.
    package let initiatorMayWrite: Bool
    /// All stored parts, ordered by number.
    package let parts: [PartRecord]
    /// Kind of the entry that already has the file's name in the destination folder; `nil` if the name is free, or if
    /// the destination is an automation.
    package let existingEntry: File.Kind?
    /// Labels that the file will have.
    package let labels: FileLabels

    package init(
        upload: Upload,
        initiatorMayWrite: Bool,
        parts: [PartRecord],
        existingEntry: File.Kind?,
        labels: FileLabels = FileLabels()
    ) {
        self.upload = upload
        self.initiatorMayWrite = initiatorMayWrite
        self.parts = parts
        self.existingEntry = existingEntry
        self.labels = labels
    }
}

/// The result of an attempt to lease a completion.
package enum CompletionLeaseResult<Plan: Sendable>: Sendable {
    /// The caller owns the lease. The plan was created in the same transaction.
    case acquired(Plan)
    /// The completion cannot be planned, for example because a part is missing.
    case refused(PontoonError)
    /// Another caller owns the lease, or the upload is completed or does not exist.
    case unavailable
}
