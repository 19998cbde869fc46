import Synchronization

/// Optional capabilities of a store; none until ``S3ObjectStore/check()`` has detected them.
final class S3Capabilities: Sendable {
    /// Request that the store computes a checksum for parts that are sent without one, and for the whole object.
    static let checksumHeaders = [
        NamedValue("x-amz-checksum-algorithm", "CRC64NVME"), NamedValue("x-amz-checksum-type", "FULL_OBJECT"),
    ]

    /// Whether parts may be sent without the announced checksum.
    ///
    /// SeaweedFS accepts such parts and computes the checksum, but computes none unless it is announced. Amazon always
    /// computes one, and refuses parts without the announced checksum.
    let computesAnnouncedChecksums = Atomic(false)

    /// Headers of new multipart uploads.
    var uploadHeaders: [NamedValue] {
        computesAnnouncedChecksums.load(ordering: .relaxed) ? Self.checksumHeaders : []
    }
}
