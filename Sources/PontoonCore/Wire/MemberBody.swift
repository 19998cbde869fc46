/// A member of a project as the API shows it.
///
/// `GET /v2/projects/{owner}/{project}/members/{username}`; source: docs/api.md#members.
package struct MemberBody: Codable, Sendable {
    package var href: String
    package var id: String
    package var username: String
    package var email: String
    package var type: String
    package var permissions: MemberRightsBody

    /// Names of all fields; a list shows them too.
    package static let fields = ["href", "id", "username", "email", "type", "permissions"]

    /// Shows a member; Pontoon keeps no more of a person than the name.
    package init(_ member: Member, of project: ProjectID, base: BaseURL) {
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
package struct MemberRightsBody: Codable, Sendable {
    package var href: String
    package var read: Bool
    package var copy: Bool
    package var write: Bool
    package var execute: Bool
    package var admin: Bool

    /// Shows permissions.
    package init(_ permissions: Permissions, of userName: String, in project: ProjectID, base: BaseURL) {
        href = "\(MemberBody.href(userName, project, base))/permissions"
        read = permissions.read
        copy = permissions.copy
        write = permissions.write
        execute = permissions.execute
        admin = permissions.admin
    }
}

/// Who is to become a member.
///
/// `POST /v2/projects/{owner}/{project}/members`; source: docs/api.md#members.
package struct MemberRequest: Sendable {
    private let userName: String?
    private let hasEmail: Bool
    private let change: PermissionsChange

    /// Reads a body.
    ///
    /// - Throws: `.badRequest` for a field of the wrong type, or a type of member that there is not.
    package init(_ body: RequestObject) throws(PontoonError) {
        userName = try body.string("username")
        hasEmail = try body.string("email") != nil
        change = try PermissionsChange(fields: try body.object("permissions") ?? [:])
        guard try (body.string("type") ?? "USER").uppercased() == "USER" else {
            throw PontoonError(.badRequest, "The field 'type' must be 'USER': there are no teams and divisions.")
        }
    }

    /// The member; rights that are not named are not given.
    ///
    /// - Throws: `.memberNameMissing`; `.userNotFound` for an email address.
    func member() throws(PontoonError) -> Member {
        guard let userName, !userName.allSatisfy(\.isWhitespace) else {
            guard userName == nil, hasEmail else {
                throw PontoonError(.memberNameMissing, "The field 'username' is missing or empty.")
            }
            throw PontoonError(.userNotFound, "Users are known by their names only, not by email addresses.")
        }
        return Member(userName: userName, permissions: Permissions().applying(change))
    }
}

extension PermissionsChange {
    /// Reads the rights that an object names, and passes over what is no right.
    ///
    /// - Throws: `.badRequest` when a right is neither true nor false.
    package init(fields: [String: JSONValue]) throws(PontoonError) {
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
