import Synchronization

/// What a store was found to support beyond what all stores do; nothing until ``S3ObjectStore/check()`` has tried it.
final class S3Capabilities: Sendable {
    /// Announce a checksum that the store shall compute for parts that come without one, and for the whole object.
    static let checksumHeaders = [
        NamedValue("x-amz-checksum-algorithm", "CRC64NVME"), NamedValue("x-amz-checksum-type", "FULL_OBJECT"),
    ]

    /// Whether parts may come without the checksum that was announced.
    ///
    /// SeaweedFS accepts them and computes the checksum, and computes none unless it is announced. Amazon computes one in any
    /// case, and refuses parts without an announced one.
    let computesAnnouncedChecksums = Atomic(false)

    /// For new multipart uploads.
    var uploadHeaders: [NamedValue] {
        computesAnnouncedChecksums.load(ordering: .relaxed) ? Self.checksumHeaders : []
    }
}
