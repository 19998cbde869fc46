package import Foundation

/// A project, which contains files and belongs to a user.
package struct Project: Hashable, Sendable {
    /// `owner/short-name`, fixed at creation.
    package let id: ProjectID
    /// Part of the `path` of a completed file.
    package let uuid: String
    /// Display name.
    package var name: String
    package var description: String
    /// In the caller's order.
    package var tags: [String]
    /// The client's settings, a JSON object as text; stored and returned, not interpreted.
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

/// A project together with the permissions of one caller.
package struct AccessibleProject: Hashable, Sendable {
    package let project: Project
    package let permissions: Permissions

    package init(project: Project, permissions: Permissions) {
        self.project = project
        self.permissions = permissions
    }
}

/// New fields of a project; `nil` leaves a field as it is.
package struct ProjectChange: Sendable {
    package var name: String?
    package var description: String?
    /// Replaces all tags.
    package var tags: [String]?
    /// A JSON object as text.
    package var settings: String?
    /// UUID.
    package var billingGroup: String?

    package init() {}
}
