/// A range of part numbers whose part infos are requested in one call.
///
/// Source: docs/api.md#part-infos-in-batches.
package struct PartBatch: Hashable, Sendable {
    /// Maximum number of part infos in one response.
    package static let limit = 1000
    /// Maximum number of part infos in a response if the caller does not specify one.
    package static let defaultCount = 100

    package let first: PartNumber
    /// Maximum number of parts, 0 to ``limit``.
    package let count: Int

    /// - Parameters:
    ///   - first: The first part.
    ///   - count: Maximum number of parts; clamped to the range from 0 to ``limit``.
    package init(from first: PartNumber = .first, count: Int) {
        self.first = first
        self.count = min(max(count, 0), Self.limit)
    }

    /// Returns the part numbers of the batch, in order, up to the last part of the file.
    ///
    /// - Parameters:
    ///   - size: Declared length of the file in bytes; `nil` if unknown, in which case only the highest valid part
    ///     number limits the batch.
    ///   - partSize: Length in bytes of every part but the last, 1 or more.
    /// - Returns: The numbers; empty if the file ends before ``first``. A file of 0 bytes counts as one part.
    package func numbers(size: Int64?, partSize: Int64) -> [PartNumber] {
        let planned = size.map { Int(clamping: max(1, $0 / partSize + ($0 % partSize == 0 ? 0 : 1))) }
        return first.upTo(min(planned ?? .max, first.rawValue - 1 + count))
    }
}
