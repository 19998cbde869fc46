/// Normalization and comparison of ETags.
///
/// Clients may remove the quotes of an ETag or change its letter case.
package enum ETag {
    /// Removes one pair of surrounding quotes, if present.
    package static func unquoted(_ tag: String) -> String {
        guard tag.utf8.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return tag }
        return String(tag.dropFirst().dropLast())
    }

    /// Returns whether two tags are equal, ignoring letter case and surrounding quotes.
    package static func matches(_ first: String, _ second: String) -> Bool {
        unquoted(first).lowercased() == unquoted(second).lowercased()
    }
}
