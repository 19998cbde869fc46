package import Foundation

/// Which details of a file change; `nil` leaves one as it is.
package struct FileChange: Sendable {
    /// New name.
    package var name: String?
    /// A key with a value is set, one with `nil` is removed.
    package var metadata: [String: String?]?
    /// Whether all keys that ``metadata`` does not set go.
    package var replacesMetadata = false
    /// New labels, in place of all there are.
    package var tags: [String]?

    /// Changes nothing until a field is set.
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

    /// Whether nothing is to change.
    package var isEmpty: Bool { name == nil && metadata == nil && tags == nil }
}

/// What a copy of a file is to be.
package struct FileCopy: Sendable {
    /// What happens when the name is taken.
    package enum Clash: Sendable {
        /// The copy is refused.
        case refuse
        /// The copy is called `1_{name}`, or `2_{name}` and so on.
        case number
    }

    /// Id of the new file.
    package let id: String
    /// The project it will belong to.
    package let project: ProjectID
    /// Folder id of the folder it will lie in.
    package let parent: String
    /// Its name; `nil` keeps the original's.
    package let name: String?
    /// What happens when the name is taken.
    package let clash: Clash
    /// When it is made.
    package let createdOn: Date

    /// Joins the fields.
    package init(id: String, project: ProjectID, parent: String, name: String?, clash: Clash, createdOn: Date) {
        self.id = id
        self.project = project
        self.parent = parent
        self.name = name
        self.clash = clash
        self.createdOn = createdOn
    }
}
