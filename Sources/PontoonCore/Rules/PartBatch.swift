/// Parts in a row whose part infos are asked for in one call.
///
/// Source: docs/api.md#part-infos-in-batches.
package struct PartBatch: Hashable, Sendable {
    /// Most part infos in one answer.
    package static let limit = 1000
    /// What comes back when the caller does not say how many.
    package static let defaultCount = 100

    /// The first of them.
    package let first: PartNumber
    /// How many are wanted, 0 to ``limit``.
    package let count: Int

    /// Takes a wish.
    ///
    /// - Parameters:
    ///   - first: The first of them.
    ///   - count: How many, 0 or more; more than ``limit`` count as ``limit``.
    package init(from first: PartNumber = .first, count: Int) {
        self.first = first
        self.count = min(max(count, 0), Self.limit)
    }

    /// The parts, in order; none beyond the last one of a file that is cut as the upload's part size has it.
    ///
    /// - Parameters:
    ///   - size: Declared length of the file in bytes; `nil` when unknown, then there may be as many as there are numbers.
    ///   - partSize: Bytes in every part but the last, 1 or more.
    /// - Returns: The numbers; an empty file still has one part.
    package func numbers(size: Int64?, partSize: Int64) -> [PartNumber] {
        let planned = size.map { Int(clamping: max(1, $0 / partSize + ($0 % partSize == 0 ? 0 : 1))) }
        return first.upTo(min(planned ?? .max, first.rawValue - 1 + count))
    }
}
