import NIOCore
import PontoonTesting

/// A client's view of the cluster, from the responses that it has received.
struct ChaosLedger: Sendable {
    /// A file that must exist.
    struct File: Sendable {
        let id: String
        let name: String
        /// Seed of the content.
        let seed: UInt64
        let size: Int

        var content: ByteBuffer { testBytes(seed: seed, count: size) }
    }

    var files: [File] = []
    /// Files that were stored in one call that had to be repeated.
    ///
    /// They are not changed, because an earlier attempt may still be running in a suspended server and would store the
    /// file again once its name is free.
    var repeated: [File] = []
    /// Ids of the files that were deleted or replaced.
    var removed: [String] = []
    /// Ids of the uploads that were aborted.
    var aborted: [String] = []
    /// ETags of the reported parts of unfinished uploads, by upload and part number.
    var unfinished: [String: [Int: String]] = [:]
    /// Number of changes that a server acknowledged.
    var acknowledged = 0
}
