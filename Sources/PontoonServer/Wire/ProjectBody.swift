import PontoonCore

/// The JSON body that describes a project.
///
/// `GET /v2/projects/{owner}/{project}`; source: docs/api.md#projects.
struct ProjectBody: JSONWritable {
    /// The fields that a list includes by default.
    static let listFields = ["href", "id", "name", "created_by", "category", "created_on", "modified_on"]

    /// The category of every project, which means that only members can see the project.
    static let category = "PRIVATE"

    private let project: Project
    private let permissions: Permissions
    private let usage: UsageReport?
    private let base: BaseURL

    /// - Parameters:
    ///   - accessible: The project and the caller's permissions.
    ///   - usage: The project's usage and quota, for the extension `usage`; `nil` omits the field.
    ///   - base: The server's URL.
    init(_ accessible: AccessibleProject, usage: UsageReport? = nil, base: BaseURL) {
        project = accessible.project
        permissions = accessible.permissions
        self.usage = usage
        self.base = base
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("billing_group", project.billingGroup)
            json.field("category", Self.category)
            json.field("created_by", project.createdBy)
            json.field("created_on", Timestamp(project.createdOn))
            json.field("description", project.description)
            json.field("href", "\(base.api)/projects/\(project.id)")
            json.field("id", project.id.description)
            json.field("modified_on", Timestamp(project.modifiedOn))
            json.field("name", project.name)
            json.field("owner", project.owner)
            json.field("permissions", CallerPermissions(permissions: permissions))
            json.field("root_folder", project.rootFolder)
            json.field("settings", StoredJSON(text: project.settings))
            json.field("tags", project.tags)
            json.field("type", "v2")
            json.field("usage", usage.map { UsageBody(report: $0) })
        }
    }

    private struct CallerPermissions: JSONWritable {
        let permissions: Permissions

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("admin", permissions.admin)
                json.field("copy", permissions.copy)
                json.field("execute", permissions.execute)
                json.field("read", permissions.read)
                json.field("write", permissions.write)
            }
        }
    }
}
