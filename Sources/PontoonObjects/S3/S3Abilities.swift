import Synchronization

/// What a store was found to do beyond what all do; nothing until ``S3ObjectStore/check()`` has tried it.
final class S3Abilities: Sendable {
    /// Announces a checksum that the store is to compute of parts that come without one, and of the whole object.
    static let checksumHeaders = [
        NamedValue("x-amz-checksum-algorithm", "CRC64NVME"), NamedValue("x-amz-checksum-type", "FULL_OBJECT"),
    ]

    /// Whether parts may come without a checksum that was announced.
    ///
    /// SeaweedFS takes them and computes it, and computes none unannounced. Amazon computes one unasked, and refuses parts
    /// without an announced one.
    let computesAnnouncedChecksums = Atomic(false)

    /// For new multipart uploads.
    var uploadHeaders: [NamedValue] {
        computesAnnouncedChecksums.load(ordering: .relaxed) ? Self.checksumHeaders : []
    }
}
