import PontoonCore

/// A project as the API shows it.
///
/// `GET /v2/projects/{owner}/{project}`; source: docs/api.md#projects.
struct ProjectBody: Codable, Sendable {
    /// What the caller may do.
    struct Rights: Codable, Sendable {
        var write: Bool
        var read: Bool
        var copy: Bool
        var execute: Bool
        var admin: Bool

        /// Shows permissions.
        init(_ permissions: Permissions) {
            write = permissions.write
            read = permissions.read
            copy = permissions.copy
            execute = permissions.execute
            admin = permissions.admin
        }
    }

    var href: String
    var id: String
    var name: String
    var type: String
    var description: String
    var tags: [String]
    var settings: JSONValue
    var permissions: Rights
    var rootFolder: String
    var billingGroup: String
    var createdBy: String
    var createdOn: Timestamp
    var modifiedOn: Timestamp
    var category: String

    private enum CodingKeys: String, CodingKey {
        case href, id, name, type, description, tags, settings, permissions, category
        case rootFolder = "root_folder"
        case billingGroup = "billing_group"
        case createdBy = "created_by"
        case createdOn = "created_on"
        case modifiedOn = "modified_on"
    }

    /// Names of the fields that a list shows unless others are asked for.
    static let listFields = ["href", "id", "name", "created_by", "category", "created_on", "modified_on"]

    /// Shows a project.
    ///
    /// - Parameters:
    ///   - accessible: The project, and what the caller may do in it.
    ///   - settings: The project's settings, parsed.
    ///   - base: Where the caller reaches this server.
    init(_ accessible: AccessibleProject, settings: JSONValue, base: BaseURL) {
        let project = accessible.project
        href = "\(base.api)/projects/\(project.id)"
        id = project.id.description
        name = project.name
        type = "v2"
        description = project.description
        tags = project.tags
        self.settings = settings
        permissions = Rights(accessible.permissions)
        rootFolder = project.rootFolder
        billingGroup = project.billingGroup
        createdBy = project.createdBy
        createdOn = Timestamp(project.createdOn)
        modifiedOn = Timestamp(project.modifiedOn)
        category = "PRIVATE"
    }
}
