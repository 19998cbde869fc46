extension String {
    /// The text without the byte order mark with which some editors begin a file.
    package var withoutByteOrderMark: String {
        unicodeScalars.first == "\u{FEFF}" ? String(unicodeScalars.dropFirst()) : self
    }

    /// The text; `nil` if it is empty.
    var nonEmpty: String? { isEmpty ? nil : self }
}
