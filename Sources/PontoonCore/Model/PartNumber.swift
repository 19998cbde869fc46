/// Position of a part in its upload, counted from 1.
package struct PartNumber: Hashable, Comparable, Sendable {
    /// The valid part numbers.
    ///
    /// Source: docs/api.md#get-part-info.
    package static let limits = 1...10_000
    package static let first = PartNumber(unchecked: limits.lowerBound)
    package let rawValue: Int

    private init(unchecked rawValue: Int) { self.rawValue = rawValue }

    /// Creates a part number from an integer.
    ///
    /// - Throws: `.partNumberInvalid` if the integer is outside ``limits``.
    package init(_ rawValue: Int) throws(PontoonError) {
        guard Self.limits.contains(rawValue) else {
            throw PontoonError(.partNumberInvalid, "The part number must be an integer from 1 to 10000.")
        }
        self.rawValue = rawValue
    }

    /// Parses a part number from text, such as a path segment.
    ///
    /// - Throws: `.partNumberInvalid` unless the text consists of decimal digits and the number is within ``limits``.
    package init(text: some StringProtocol) throws(PontoonError) {
        guard text.utf8.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), let value = Int(text) else {
            throw PontoonError(.partNumberInvalid, "The part number must be an integer from 1 to 10000.")
        }
        try self.init(value)
    }

    /// Returns the part numbers from this one to `last` or to the upper limit, whichever is smaller.
    ///
    /// Empty if `last` is smaller than this number.
    package func upTo(_ last: Int) -> [PartNumber] {
        let last = min(last, Self.limits.upperBound)
        return rawValue <= last ? (rawValue...last).map(PartNumber.init(unchecked:)) : []
    }

    package static func < (left: PartNumber, right: PartNumber) -> Bool { left.rawValue < right.rawValue }
}
