package import PontoonFoundation

/// A container of files and folders, owned by a user.
package struct Project: Hashable, Sendable {
    /// Id in the form `owner/project`, fixed at creation.
    package let id: ProjectID
    /// User name of the owner.
    ///
    /// Differs from the first half of the id after an operator has given the project to another user.
    package let owner: String
    /// UUID of the project.
    ///
    /// The API shows it only in the `path` field of a file, in the responses to completing an upload and to a file put.
    package let uuid: String
    /// Display name.
    package var name: String
    package var description: String
    /// Tags, in the order in which the client sent them.
    package var tags: [String]
    /// The client's settings: the JSON text of an object.
    ///
    /// Only the field `locked` is interpreted; see ``isLocked``.
    package var settings: String { didSet { isLocked = Self.isLocked(settings) } }
    /// Whether the setting `locked` is true.
    ///
    /// Calls that add, change, move or delete files of a locked project, or delete the project, are refused.
    package private(set) var isLocked: Bool
    /// UUID of the billing group, without which the Python client rejects a project.
    package var billingGroup: String
    /// Id of the project's root folder.
    package let rootFolder: String
    /// User name of the creator.
    package let createdBy: String
    package let createdOn: Date
    package var modifiedOn: Date

    package init(
        id: ProjectID,
        owner: String? = nil,
        uuid: String,
        name: String,
        description: String = "",
        tags: [String] = [],
        settings: String = "{}",
        billingGroup: String,
        rootFolder: String,
        createdBy: String,
        createdOn: Date
    ) {
        self.id = id
        self.owner = owner ?? id.owner
        self.uuid = uuid
        self.name = name
        self.description = description
        self.tags = tags
        self.settings = settings
        self.isLocked = Self.isLocked(settings)
        self.billingGroup = billingGroup
        self.rootFolder = rootFolder
        self.createdBy = createdBy
        self.createdOn = createdOn
        self.modifiedOn = createdOn
    }
}

extension Project {
    /// Returns whether the field `locked` is `true` in the JSON text of a settings object.
    package static func isLocked(_ settings: String) -> Bool {
        struct Lock: Decodable { let locked: Bool? }
        // The server encodes the settings itself and never escapes letters, so `"locked"` occurs literally if the
        // settings contain the field.
        guard settings.utf8.count > 2, settings.contains("\"locked\"") else { return false }
        return (try? JSONDecoder().decode(Lock.self, from: Data(settings.utf8)))?.locked == true
    }
}

/// A project, and the caller's permissions in it.
package struct AccessibleProject: Hashable, Sendable {
    package let project: Project
    package let permissions: Permissions

    package init(project: Project, permissions: Permissions) {
        self.project = project
        self.permissions = permissions
    }
}

/// Changes to a project's fields; `nil` leaves a field unchanged.
package struct ProjectChange: Sendable {
    package var name: String?
    package var description: String?
    /// New tags, which replace all existing ones.
    package var tags: [String]?
    /// JSON text of an object that replaces the existing settings.
    package var settings: String?
    /// JSON text that the current settings must equal, otherwise nothing is changed; `nil` accepts any settings.
    package var expectedSettings: String?
    /// New billing group, a UUID.
    package var billingGroup: String?

    package init() {}
}
