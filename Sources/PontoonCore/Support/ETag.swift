/// Entity tags as HTTP transmits them.
package enum ETag {
    /// Removes one pair of surrounding quotes, if present.
    package static func unquoted(_ tag: String) -> String {
        guard tag.utf8.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return tag }
        return String(tag.dropFirst().dropLast())
    }

    /// Whether two tags are equal except for case and surrounding quotes, as clients may change both.
    package static func matches(_ first: String, _ second: String) -> Bool {
        unquoted(first).lowercased() == unquoted(second).lowercased()
    }
}
