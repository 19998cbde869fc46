import PontoonCore

/// The result of a dry run: the action that an upload would take for each file, and an estimate of the calls it needs.
public struct UploadPreview: Sendable {
    /// The action that an upload would take for a file.
    public enum Action: Sendable {
        /// The file would be uploaded, or the empty folder created.
        case send
        /// An unfinished upload would be resumed.
        case resume(uploadID: String)
        /// The file would replace the existing file with that name.
        case replace
        /// The file would be uploaded under this name, because its own name is taken by a different file.
        case rename(String)
        /// No action: an earlier run finished the file, the existing file has the same bytes, or the folder exists.
        case alreadyThere
        /// No action: a file with that name exists, and ``TransferOptions/ConflictPolicy/skip`` is set.
        case skip
        /// The upload of the file would fail.
        case fail(any Error)
    }

    /// The action for one file, with the file's length and its division into parts.
    public struct Entry: Sendable {
        /// The file, as it was passed to the preview.
        public let item: UploadItem
        /// Length of the file in bytes; 0 if the file was not opened, for example because it would be skipped.
        public let size: Int64
        /// The division of the file into parts; `nil` if the file would not be sent, and for empty folders.
        public let plan: PartPlan?
        /// The action for the file.
        public let action: Action

        /// Whether the upload of the file would fail.
        public var isFailure: Bool { if case .fail = action { true } else { false } }
    }

    /// The actions for the files, in the order of the items.
    public let entries: [Entry]
    /// The endpoint's limits, from which ``calls`` and ``shortestTime`` are estimated.
    public let limits: PartPlan.Limits
    /// Maximum number of parts in flight.
    public let maximumConcurrency: Int

    /// Total length in bytes of the files that would be sent, including parts that an earlier run may have sent.
    public var bytes: Int64 { entries.lazy.map { $0.plan == nil ? 0 : $0.size }.clampedSum }
    /// Estimated number of API calls if all files are sent in parts; small files sent whole or in archives need fewer.
    public var calls: Int {
        entries.reduce(0) { calls, entry in
            guard let plan = entry.plan else { return calls }
            return calls + 2 + Int((Double(plan.parts) * limits.callsPerPart).rounded(.up))
        }
    }
    /// Minimum duration that the rate limit allows for ``calls``; zero if the limit does not slow the upload down.
    public var shortestTime: Duration {
        guard let allowed = limits.calls, calls > allowed else { return .zero }
        return limits.window * (Double(calls - allowed) / Double(allowed))
    }
}
