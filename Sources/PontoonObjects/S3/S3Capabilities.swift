import Synchronization

/// Optional capabilities of a store; all are off until ``S3ObjectStore/check()`` has detected them.
final class S3Capabilities: Sendable {
    /// Headers that announce a CRC-64/NVME checksum of each part and of the whole object.
    static let checksumHeaders = [
        NamedValue("x-amz-checksum-algorithm", "CRC64NVME"), NamedValue("x-amz-checksum-type", "FULL_OBJECT"),
    ]

    /// Whether the store accepts parts without the announced checksum, and computes it.
    ///
    /// SeaweedFS does, but computes no checksum unless one is announced. Amazon S3 always computes a checksum, but
    /// refuses a part without the announced one.
    let computesAnnouncedChecksums = Atomic(false)

    /// The headers for creating multipart uploads.
    var uploadHeaders: [NamedValue] {
        computesAnnouncedChecksums.load(ordering: .relaxed) ? Self.checksumHeaders : []
    }
}
