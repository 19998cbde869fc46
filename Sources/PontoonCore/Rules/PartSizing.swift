/// Limits on the sizes of files and parts, and the rule for choosing part sizes.
///
/// Source: docs/api.md#part-sizes.
package struct PartSizing: Hashable, Sendable {
    /// Maximum length of a file: 5 TiB.
    package static let maximumFileSize: Int64 = 5 << 40
    /// Maximum length of a part: 5 GiB.
    package static let maximumPartSize: Int64 = 5 << 30
    /// Default part size: 32 MiB.
    ///
    /// Used if the client does not request a valid part size. It is raised to the minimum part size, and doubled as
    /// often as necessary for files that would have too many parts.
    package static let defaultPartSize: Int64 = 32 << 20

    /// Minimum part size in bytes that a client may request.
    package let minimumPartSize: Int64

    /// - Parameter minimumPartSize: 1 byte to 5 GiB.
    package init(minimumPartSize: Int64 = 5 << 20) { self.minimumPartSize = minimumPartSize }

    /// Returns these limits with a minimum part size of at least `minimum` bytes, the minimum of the object store.
    package func atLeast(_ minimum: Int64) -> PartSizing {
        PartSizing(minimumPartSize: max(minimum, minimumPartSize))
    }

    /// Chooses the part size of a new upload.
    ///
    /// - Parameters:
    ///   - requested: The requested size in bytes; used if it is within the limits and results in at most 10,000 parts.
    ///   - size: Declared length of the file in bytes, 0 to 5 TiB; `nil` if unknown.
    /// - Returns: Length in bytes of every part but the last.
    package func partSize(requested: Int64?, size: Int64?) -> Int64 {
        if let requested, (minimumPartSize...Self.maximumPartSize).contains(requested),
            Self.fits(size: size, partSize: requested)
        {
            return requested
        }
        var partSize = max(Self.defaultPartSize, minimumPartSize)
        while !Self.fits(size: size, partSize: partSize) { partSize *= 2 }
        return partSize
    }

    /// Returns the maximum length of a part in bytes: 5 GiB, or the declared length of the file if that is smaller.
    package static func longestPart(size: Int64?) -> Int64 { min(maximumPartSize, size ?? maximumPartSize) }

    /// Returns the maximum length in bytes of the part with this number.
    ///
    /// Users need not use the part size of the upload. A sender's part must not exceed its range of the declared file,
    /// and must be empty after the end of the file, because the limits of an upload link count declared sizes.
    package static func longestPart(_ number: PartNumber, of upload: Upload) -> Int64 {
        let longest = longestPart(size: upload.size)
        guard upload.senderSession != nil, let size = upload.size else { return longest }
        let start = Int64(number.rawValue - 1).multipliedReportingOverflow(by: upload.partSize)
        guard !start.overflow, start.partialValue < size else { return 0 }
        return min(longest, upload.partSize, size - start.partialValue)
    }

    private static func fits(size: Int64?, partSize: Int64) -> Bool {
        guard let size else { return true }
        let whole = size / partSize
        return whole + (size % partSize == 0 ? 0 : 1) <= Int64(PartNumber.limits.upperBound)
    }
}
