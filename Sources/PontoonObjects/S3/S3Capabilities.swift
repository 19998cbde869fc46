import Synchronization

/// Optional capabilities of a store; all are off until ``S3ObjectStore/check()`` has detected them.
final class S3Capabilities: Sendable {
    /// Headers that announce a CRC-64/NVME checksum of each part and of the whole object.
    static let checksumHeaders = [
        NamedValue("x-amz-checksum-algorithm", "CRC64NVME"), NamedValue("x-amz-checksum-type", "FULL_OBJECT"),
    ]

    /// Whether the store computes checksums itself if CreateMultipartUpload names an algorithm and UploadPart sends no
    /// checksum.
    ///
    /// True for SeaweedFS, which computes none unless an algorithm is named. False for Amazon S3, which refuses such
    /// parts, and computes a checksum even if no algorithm is named.
    let computesAnnouncedChecksums = Atomic(false)

    /// The headers for creating multipart uploads: ``checksumHeaders`` if the store computes announced checksums,
    /// otherwise none.
    var uploadHeaders: [NamedValue] {
        computesAnnouncedChecksums.load(ordering: .relaxed) ? Self.checksumHeaders : []
    }
}
