package import Foundation

/// A place for files that belongs to a user.
package struct Project: Hashable, Sendable {
    /// `owner/short-name`, fixed at creation.
    package let id: ProjectID
    /// UUID, seen in the `path` of a completed file.
    package let uuid: String
    /// Display name; may change.
    package var name: String
    /// Free text.
    package var description: String
    /// Labels, in the caller's order.
    package var tags: [String]
    /// The caller's settings, a JSON object as text; kept and returned, not interpreted.
    package var settings: String
    /// UUID; the Python client refuses a project without one.
    package var billingGroup: String
    /// Folder id of the project's root.
    package let rootFolder: String
    /// User name of the creator.
    package let createdBy: String
    /// When it was created.
    package let createdOn: Date
    /// When a field last changed.
    package var modifiedOn: Date

    /// Joins the fields.
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

/// A project as one caller sees it.
package struct AccessibleProject: Hashable, Sendable {
    /// The project.
    package let project: Project
    /// What the caller may do in it.
    package let permissions: Permissions

    /// Joins the fields.
    package init(project: Project, permissions: Permissions) {
        self.project = project
        self.permissions = permissions
    }
}

/// Which fields of a project change; `nil` leaves one as it is.
package struct ProjectChange: Sendable {
    /// New display name.
    package var name: String?
    /// New description.
    package var description: String?
    /// New labels.
    package var tags: [String]?
    /// New settings, a JSON object as text.
    package var settings: String?
    /// New billing group, a UUID.
    package var billingGroup: String?

    /// Changes nothing until a field is set.
    package init() {}
}
