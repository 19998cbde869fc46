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
    /// Used if the client does not request a valid part size. It is doubled as needed for very large files.
    package static let defaultPartSize: Int64 = 32 << 20

    /// Minimum part size that a client may request, in bytes; 5 MiB unless the operator changes it.
    package let minimumPartSize: Int64

    /// - Parameter minimumPartSize: 1 byte to 5 GiB.
    package init(minimumPartSize: Int64 = 5 << 20) { self.minimumPartSize = minimumPartSize }

    /// Returns these limits, with the minimum part size raised to `minimum`, the object store's minimum, if it is
    /// larger.
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

    /// Returns the maximum length of a part in bytes: 5 GiB, or the length of the file if it is known and smaller.
    package static func longestPart(size: Int64?) -> Int64 { min(maximumPartSize, size ?? maximumPartSize) }

    /// Returns the maximum length of one part of an upload in bytes.
    ///
    /// The limits of an upload link count declared sizes. A part from a sender must therefore not exceed the range that
    /// the declared file has for it, and a part after the end of that file must be empty. Users may split a file
    /// differently.
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
