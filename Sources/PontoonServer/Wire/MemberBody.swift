import PontoonCore

/// A member of a project as the API shows it.
///
/// `GET /v2/projects/{owner}/{project}/members/{username}`; source: docs/api.md#members.
struct MemberBody: Codable, Sendable {
    var href: String
    var id: String
    var username: String
    var email: String
    var type: String
    var permissions: MemberRightsBody

    /// Names of all fields; a list shows them too.
    static let fields = ["href", "id", "username", "email", "type", "permissions"]

    /// Shows a member; Pontoon keeps no more of a person than the name.
    init(_ member: Member, of project: ProjectID, base: BaseURL) {
        href = Self.href(member.userName, project, base)
        id = member.userName
        username = member.userName
        email = ""
        type = "USER"
        permissions = MemberRightsBody(member.permissions, of: member.userName, in: project, base: base)
    }

    fileprivate static func href(_ userName: String, _ project: ProjectID, _ base: BaseURL) -> String {
        "\(base.api)/projects/\(project)/members/\(userName)"
    }
}

/// What a member may do.
///
/// `GET /v2/projects/{owner}/{project}/members/{username}/permissions`; source: docs/api.md#members.
struct MemberRightsBody: Codable, Sendable {
    var href: String
    var read: Bool
    var copy: Bool
    var write: Bool
    var execute: Bool
    var admin: Bool

    /// Shows permissions.
    init(_ permissions: Permissions, of userName: String, in project: ProjectID, base: BaseURL) {
        href = "\(MemberBody.href(userName, project, base))/permissions"
        read = permissions.read
        copy = permissions.copy
        write = permissions.write
        execute = permissions.execute
        admin = permissions.admin
    }
}

extension NewMember {
    /// Reads the body of `POST /v2/projects/{owner}/{project}/members`.
    ///
    /// - Throws: `.badRequest` for a field of the wrong type, or a type of member that does not exist.
    init(_ body: RequestObject) throws(PontoonError) {
        let userName = try body.string("username")
        let hasEmail = try body.string("email") != nil
        let permissions = try PermissionsChange(fields: try body.object("permissions") ?? [:])
        guard try (body.string("type") ?? "USER").uppercased() == "USER" else {
            throw PontoonError(.badRequest, "The field 'type' must be 'USER': teams and divisions do not exist.")
        }
        self.init(userName: userName, hasEmail: hasEmail, permissions: Permissions().applying(permissions))
    }
}

extension PermissionsChange {
    /// Reads the rights that an object names, and passes over what is no right.
    ///
    /// - Throws: `.badRequest` when a right is neither true nor false.
    init(fields: [String: JSONValue]) throws(PontoonError) {
        self = [:]
        for right in Permission.allCases {
            switch fields[right.rawValue] {
            case nil, .null: continue
            case .bool(let isGiven): self[right] = isGiven
            default: throw PontoonError(.badRequest, "The field '\(right.rawValue)' must be true or false.")
            }
        }
    }
}
