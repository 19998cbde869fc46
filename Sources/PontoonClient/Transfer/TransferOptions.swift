/// The options that uploads and downloads have in common.
public struct TransferOptions: Sendable {
    /// The treatment of a different file of the same name at the destination.
    public enum ConflictPolicy: Hashable, Sendable {
        /// The transfer of that file fails.
        case fail
        /// The existing file is replaced.
        case overwrite
        /// The file is not transferred; its outcome is ``TransferOutcome/skipped``.
        case skip
    }

    /// Number of parts in flight at a time, over all files.
    public enum Concurrency: Hashable, Sendable {
        /// Starts low and grows as long as throughput improves.
        case automatic
        /// A fixed number of parts, 1 or more.
        case fixed(Int)
    }

    /// The treatment of a different file of the same name at the destination.
    public var conflictPolicy = ConflictPolicy.fail
    /// Number of parts in flight at a time, over all files.
    public var concurrency = Concurrency.automatic
    /// Approximate memory limit of the whole process in bytes; values below 64 MiB count as 64 MiB.
    public var maximumMemory = 256 << 20
    /// Bandwidth limit in bytes per second, over all files; `nil` means unlimited.
    public var bandwidth: Int64?
    /// Whether transfers that an earlier run left unfinished are resumed; if not, they start over.
    public var resumes = true

    /// Creates the default options.
    public init() {}
}
