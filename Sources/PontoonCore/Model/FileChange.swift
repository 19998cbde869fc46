package import PontoonFoundation

/// Changes to a file's name, metadata and tags; `nil` leaves a field unchanged.
package struct FileChange: Sendable {
    package var name: String?
    /// Metadata to set; a key whose value is `nil` is removed.
    package var metadata: [String: String?]?
    /// Whether to remove all existing keys that ``metadata`` does not set; has no effect if ``metadata`` is `nil`.
    package var replacesMetadata = false
    /// New tags, which replace all existing ones.
    package var tags: [String]?

    package init(
        name: String? = nil,
        metadata: [String: String?]? = nil,
        replacesMetadata: Bool = false,
        tags: [String]? = nil
    ) {
        self.name = name
        self.metadata = metadata
        self.replacesMetadata = replacesMetadata
        self.tags = tags
    }

    package var isEmpty: Bool { name == nil && metadata == nil && tags == nil }
}

/// A description of the copy to create from a file.
package struct FileCopy: Sendable {
    /// The action to take if the name already exists in the folder.
    package enum ConflictPolicy: Sendable {
        case refuse
        /// Prefix the name with a number that makes it unique: `1_{name}`, `2_{name}` and so on. If there are gaps
        /// between the taken numbers, the chosen number is not always the lowest free one; see ``FreeNumber``.
        case number
    }

    /// Id of the copy.
    package let id: String
    /// Project of the destination folder.
    package let project: ProjectID
    /// Id of the destination folder.
    package let parent: String
    /// Name of the copy; `nil` keeps the original's name.
    package let name: String?
    package let conflictPolicy: ConflictPolicy
    /// Time of the copy's creation.
    package let createdOn: Date

    package init(
        id: String,
        project: ProjectID,
        parent: String,
        name: String?,
        conflictPolicy: ConflictPolicy,
        createdOn: Date
    ) {
        self.id = id
        self.project = project
        self.parent = parent
        self.name = name
        self.conflictPolicy = conflictPolicy
        self.createdOn = createdOn
    }
}
