package import PontoonFoundation

/// A project, which contains files and belongs to a user.
package struct Project: Hashable, Sendable {
    /// `creator/short-name`, fixed at creation.
    package let id: ProjectID
    /// User name of the owner: the first half of the id, until an administrator gives the project to another user.
    package let owner: String
    /// UUID; part of the `path` that completing an upload returns.
    package let uuid: String
    /// Display name.
    package var name: String
    package var description: String
    /// Tags, in the order in which the client sent them.
    package var tags: [String]
    /// JSON object, as text, with the client's settings; stored and returned, but not interpreted.
    package var settings: String
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
        self.billingGroup = billingGroup
        self.rootFolder = rootFolder
        self.createdBy = createdBy
        self.createdOn = createdOn
        self.modifiedOn = createdOn
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
    /// New billing group, a UUID.
    package var billingGroup: String?

    package init() {}
}
