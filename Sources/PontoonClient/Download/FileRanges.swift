import PontoonCore

/// The byte ranges of a file; an empty file has none.
///
/// The ranges are computed when they are accessed and take no memory, because a length that the server reported may
/// result in a very large number of ranges.
struct FileRanges: RandomAccessCollection, Hashable, Sendable {
    /// Length of the file in bytes.
    let size: Int64
    /// Length of every range but the last, in bytes.
    private let rangeSize: Int64

    /// - Parameters:
    ///   - size: Length of the file in bytes; a negative value counts as 0.
    ///   - rangeSize: Length of every range but the last; a value below 1 counts as 1.
    init(size: Int64, rangeSize: Int64) { (self.size, self.rangeSize) = (Swift.max(0, size), Swift.max(1, rangeSize)) }

    var startIndex: Int { 0 }
    var endIndex: Int { Int(size / rangeSize + (size % rangeSize > 0 ? 1 : 0)) }

    subscript(index: Int) -> Range<Int64> {
        let start = Int64(index) * rangeSize
        return start..<Swift.min(size, start.addingClamped(rangeSize))
    }
}
