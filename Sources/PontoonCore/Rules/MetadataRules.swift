/// Limits on a file's metadata.
///
/// Source: docs/api.md#file-metadata.
package enum MetadataRules {
    /// Maximum number of pairs per file.
    package static let maximumPairs = 1000
    /// Maximum length of a key in UTF-8 bytes.
    package static let maximumKeyBytes = 100
    /// Maximum length of a value in UTF-8 bytes.
    package static let maximumValueBytes = 300

    /// Checks a change of metadata, in which `nil` values remove pairs.
    ///
    /// The number of pairs that the file has after the change is checked when the change is stored.
    ///
    /// - Throws: `.metadataInvalid` if the change has more than ``maximumPairs``, if a key is empty, or if a key or
    ///   value is too long or contains the character U+0000.
    package static func check(_ change: [String: String?]) throws(PontoonError) {
        guard change.count <= maximumPairs else {
            throw PontoonError(.metadataInvalid, "A file can have at most \(maximumPairs) metadata pairs.")
        }
        for (key, value) in change {
            guard !key.unicodeScalars.contains("\0"), value?.unicodeScalars.contains("\0") != true else {
                throw PontoonError(.metadataInvalid, "Metadata must not contain the character U+0000.")
            }
            guard (1...maximumKeyBytes).contains(key.utf8.count) else {
                throw PontoonError(.metadataInvalid, "A metadata key must have 1 to \(maximumKeyBytes) bytes in UTF-8.")
            }
            guard (value?.utf8.count ?? 0) <= maximumValueBytes else {
                throw PontoonError(
                    .metadataInvalid,
                    "A metadata value must have at most \(maximumValueBytes) bytes in UTF-8."
                )
            }
        }
    }
}
