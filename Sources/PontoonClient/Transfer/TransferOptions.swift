/// Options shared by uploads and downloads.
public struct TransferOptions: Sendable {
    /// The policy for a file whose name is already taken at its destination.
    public enum ConflictPolicy: String, Hashable, Sendable {
        /// The transfer of the file fails, unless the existing file is found to have the same bytes.
        case fail
        /// The existing file is replaced, unless it is found to have the same bytes.
        case overwrite
        /// The file is not transferred; its outcome is ``TransferOutcome/skipped``.
        case skip
        /// If the existing file differs, the file is uploaded as `_1_NAME` or, if that name is also taken, `_2_NAME`
        /// and so on.
        ///
        /// For downloads, this is the same as ``fail``.
        case rename
    }

    /// Maximum number of parts or ranges in flight, across all files.
    public enum Concurrency: Hashable, Sendable {
        /// A maximum that is adapted to the observed throughput.
        case automatic
        /// A fixed maximum, from 1 to 1024. It is lowered if ``TransferOptions/maximumMemory`` does not suffice.
        case fixed(Int)
    }

    /// The policy for a file whose name is already taken at its destination.
    public var conflictPolicy = ConflictPolicy.fail
    /// Maximum number of parts or ranges in flight, across all files.
    public var concurrency = Concurrency.automatic
    /// Approximate memory limit of the whole process in bytes; values below 56 MiB count as 56 MiB.
    public var maximumMemory = 256 << 20
    /// Bandwidth limit across all files; `nil` means no limit.
    public var bandwidth: BandwidthLimit?
    /// Time between two progress events; values below 10 milliseconds count as 10 milliseconds.
    public var progressInterval: Duration = .milliseconds(200)
    /// Whether to resume transfers that an earlier run left unfinished.
    ///
    /// If `false`, they restart from the beginning. Uploads then also do not look for identical files at the
    /// destination first, unless ``UploadOptions/comparesAlways`` is set.
    public var resumes = true
    /// Whether uploads record the modification times of files in their metadata, and downloads restore them.
    ///
    /// Uploads record a time only if this requires no additional call.
    public var keepsTimes = true

    /// Creates the default options.
    public init() {}
}
