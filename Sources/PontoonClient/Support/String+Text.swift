extension String {
    /// The text without a leading byte order mark, which some editors write.
    package var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
    }

    /// The text; `nil` if it is empty.
    var nonEmpty: String? { isEmpty ? nil : self }
}

extension StringProtocol {
    /// The text without leading and trailing white space and line breaks.
    package var trimmed: String {
        let start = drop { $0.isWhitespace }
        return String(start[..<(start.lastIndex { !$0.isWhitespace }.map(start.index(after:)) ?? start.startIndex)])
    }
}
