package import Foundation

/// New details of a file; `nil` leaves a detail as it is.
package struct FileChange: Sendable {
    package var name: String?
    /// Sets the keys that have a value, and removes those that have `nil`.
    package var metadata: [String: String?]?
    /// Whether all keys that ``metadata`` does not set are removed.
    package var replacesMetadata = false
    /// Replaces all tags.
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

/// A copy of a file that is to be created.
package struct FileCopy: Sendable {
    /// The action to take if the name already exists in the folder.
    package enum ConflictPolicy: Sendable {
        case refuse
        /// Name the copy `1_{name}`, or `2_{name}` and so on.
        case number
    }

    package let id: String
    package let project: ProjectID
    /// Id of its folder.
    package let parent: String
    /// `nil` keeps the original's name.
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
