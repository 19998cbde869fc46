/// The metadata and tags of a file.
package struct FileLabels: Hashable, Sendable, Codable {
    package var metadata: [String: String]
    /// Tags, in the order given by the client.
    package var tags: [String]

    package init(metadata: [String: String] = [:], tags: [String] = []) {
        self.metadata = metadata
        self.tags = tags
    }

    package var isEmpty: Bool { metadata.isEmpty && tags.isEmpty }

    /// Validates the labels against ``MetadataRules`` and ``FieldRules``.
    ///
    /// - Throws: `.metadataInvalid` for invalid metadata; `.badRequest` for invalid tags, or tags that contain U+0000.
    package func check() throws(PontoonError) {
        try MetadataRules.check(metadata.mapValues { $0 })
        try FieldRules.check(tags: tags)
        // The tags of an unfinished upload are stored as JSON, which escapes U+0000. Without this check, the database
        // would reject the character only when the upload is completed.
        guard !tags.contains(where: { $0.unicodeScalars.contains("\0") }) else { throw .textContainsNull }
    }
}
