/// Limits on names, descriptions, tags, JSON and lists in API calls.
///
/// Names of files and folders are limited by ``FileName``, and metadata by ``MetadataRules``.
///
/// Source: docs/api.md#limits.
package enum FieldRules {
    /// Maximum length in Unicode scalars of the name of a project or automation, or of a code package's version or
    /// Python version.
    package static let maximumNameScalars = 255
    /// Maximum length of a description in UTF-8 bytes.
    package static let maximumDescriptionBytes = 64 << 10
    /// Maximum length in UTF-8 bytes of JSON that is stored as text, such as a project's settings.
    package static let maximumJSONBytes = 64 << 10
    /// Maximum number of tags of a file or project.
    package static let maximumTags = 100
    /// Maximum length of a tag in UTF-8 bytes.
    package static let maximumTagBytes = 300
    /// Maximum number of files per `POST /v2/action/files/copy`.
    package static let maximumCopies = 1000

    /// Checks the length of a name or another short text; `nil` is valid.
    ///
    /// - Throws: `.badRequest` if the text has more than ``maximumNameScalars`` Unicode scalars.
    package static func check(_ field: String, name: String?) throws(PontoonError) {
        guard let name, name.unicodeScalars.count > maximumNameScalars else { return }
        throw PontoonError(.badRequest, "The field '\(field)' must have at most \(maximumNameScalars) characters.")
    }

    /// Checks the length of a description; `nil` is valid.
    ///
    /// - Throws: `.badRequest` if the description is longer than ``maximumDescriptionBytes`` in UTF-8.
    package static func check(description: String?) throws(PontoonError) {
        guard let description, description.utf8.count > maximumDescriptionBytes else { return }
        throw PontoonError(
            .badRequest,
            "The field 'description' must have at most \(maximumDescriptionBytes) bytes in UTF-8."
        )
    }

    /// Checks the length of JSON that is stored as text; `nil` is valid.
    ///
    /// - Throws: `.badRequest` if the text is longer than ``maximumJSONBytes`` in UTF-8.
    package static func check(_ field: String, json: String?) throws(PontoonError) {
        guard let json, json.utf8.count > maximumJSONBytes else { return }
        throw PontoonError(.badRequest, "The field '\(field)' must have at most \(maximumJSONBytes) bytes of JSON.")
    }

    /// Checks the length of a value by which a list is filtered.
    ///
    /// A longer value cannot match any stored value.
    ///
    /// - Parameters:
    ///   - name: Name of the value in the error message.
    ///   - value: The value.
    ///   - maximumBytes: Maximum length of stored values in UTF-8 bytes.
    /// - Throws: `.badRequest` if the value is longer than `maximumBytes`.
    package static func check(filter name: String, _ value: String, maximumBytes: Int) throws(PontoonError) {
        guard value.utf8.count > maximumBytes else { return }
        throw PontoonError(.badRequest, "The \(name) in the query must have at most \(maximumBytes) bytes in UTF-8.")
    }

    /// Checks the number and lengths of tags; `nil` is valid.
    ///
    /// - Throws: `.badRequest` if there are more than ``maximumTags``, or one is empty or longer than
    ///   ``maximumTagBytes``.
    package static func check(tags: [String]?) throws(PontoonError) {
        guard let tags else { return }
        guard tags.count <= maximumTags else {
            throw PontoonError(.badRequest, "There are \(tags.count) tags; at most \(maximumTags) are allowed.")
        }
        guard tags.allSatisfy({ (1...maximumTagBytes).contains($0.utf8.count) }) else {
            throw PontoonError(.badRequest, "A tag must have 1 to \(maximumTagBytes) bytes in UTF-8.")
        }
    }
}
