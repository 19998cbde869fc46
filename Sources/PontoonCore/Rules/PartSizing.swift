/// Sizes of files and parts.
///
/// Source: docs/api.md#part-sizes.
package struct PartSizing: Hashable, Sendable {
    /// Longest file: 5 TiB.
    package static let maximumFileSize: Int64 = 5 << 40
    /// Longest part: 5 GiB.
    package static let maximumPartSize: Int64 = 5 << 30
    /// What the server answers when the client has no usable wish: 32 MiB, doubled for very large files.
    package static let defaultPartSize: Int64 = 32 << 20

    /// Smallest part size that a client may ask for, in bytes; 5 MiB unless the operator lowers it.
    package let minimumPartSize: Int64

    /// Takes the operator's minimum, 1 to 5 GiB.
    package init(minimumPartSize: Int64 = 5 << 20) { self.minimumPartSize = minimumPartSize }

    /// The same, with the limit of an object store.
    package func atLeast(_ minimum: Int64) -> PartSizing {
        PartSizing(minimumPartSize: max(minimum, minimumPartSize))
    }

    /// The part size of a new upload.
    ///
    /// - Parameters:
    ///   - wish: What the client asked for; used unchanged when it lies between the limits and gives at most 10,000 parts.
    ///   - size: Declared length of the file, 0 to 5 TiB; `nil` when unknown.
    /// - Returns: Bytes in every part but the last.
    package func partSize(wish: Int64?, size: Int64?) -> Int64 {
        if let wish, (minimumPartSize...Self.maximumPartSize).contains(wish), Self.fits(size: size, partSize: wish) {
            return wish
        }
        var partSize = Self.defaultPartSize
        while !Self.fits(size: size, partSize: partSize) { partSize *= 2 }
        return partSize
    }

    /// Longest body that is taken for a part: 5 GiB, or the whole file when its length is known and less.
    package static func longestPart(size: Int64?) -> Int64 { min(maximumPartSize, size ?? maximumPartSize) }

    private static func fits(size: Int64?, partSize: Int64) -> Bool {
        guard let size else { return true }
        let whole = size / partSize
        return whole + (size % partSize == 0 ? 0 : 1) <= Int64(PartNumber.limits.upperBound)
    }
}
