package import PontoonFoundation

/// A project, which contains files and belongs to a user.
package struct Project: Hashable, Sendable {
    /// `creator/short-name`, fixed at creation.
    package let id: ProjectID
    /// User name of the owner: the first half of the id, until an operator gives the project to another user.
    package let owner: String
    /// UUID; part of the `path` that completing an upload returns.
    package let uuid: String
    /// Display name.
    package var name: String
    package var description: String
    /// Tags, in the order in which the client sent them.
    package var tags: [String]
    /// JSON object, as text, with the client's settings; only ``isLocked`` is interpreted.
    package var settings: String { didSet { isLocked = Self.isLocked(settings) } }
    /// Whether the setting `locked` is true, so that the project's files cannot be changed.
    package private(set) var isLocked: Bool
    /// UUID; the Python client rejects a project without one.
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
    /// Returns whether settings, a JSON object as text, have the field `locked` with the value `true`.
    package static func isLocked(_ settings: String) -> Bool {
        struct Lock: Decodable { let locked: Bool? }
        // The server writes this text itself, without escaping letters.
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
    /// JSON object, as text, which replaces the existing settings.
    package var settings: String?
    /// The settings that the project must still have for the change to be made; `nil` accepts any.
    package var expectedSettings: String?
    /// New billing group, a UUID.
    package var billingGroup: String?

    package init() {}
}
