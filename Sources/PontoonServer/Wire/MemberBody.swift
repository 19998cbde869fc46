import PontoonCore

/// The JSON body that describes a member of a project.
///
/// `email` is always empty, because only administrators and the users themselves may see email addresses.
///
/// `GET /v2/projects/{owner}/{project}/members/{username}`; source: docs/api.md#members.
struct MemberBody: JSONWritable {
    let member: Member
    let project: ProjectID
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("email", "")
            json.field("href", Self.href(member.userName, project, base))
            json.field("id", member.userName)
            json.field("permissions", MemberPermissionsBody(member: member, project: project, base: base))
            json.field("type", "USER")
            json.field("username", member.userName)
        }
    }

    fileprivate static func href(_ userName: String, _ project: ProjectID, _ base: BaseURL) -> String {
        "\(base.api)/projects/\(project)/members/\(userName)"
    }
}

/// The JSON body with the permissions of a member.
///
/// `GET /v2/projects/{owner}/{project}/members/{username}/permissions`; source: docs/api.md#members.
struct MemberPermissionsBody: JSONWritable {
    let member: Member
    let project: ProjectID
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        let permissions = member.permissions
        json.object { json in
            json.field("admin", permissions.admin)
            json.field("copy", permissions.copy)
            json.field("execute", permissions.execute)
            json.field("href", "\(MemberBody.href(member.userName, project, base))/permissions")
            json.field("read", permissions.read)
            json.field("write", permissions.write)
        }
    }
}

extension NewMember {
    /// Reads the body of `POST /v2/projects/{owner}/{project}/members`.
    ///
    /// A new member can read. Other permissions are granted only if they are `true` in the body or included in `admin`.
    ///
    /// - Throws: `.badRequest` if a field has the wrong type, or the member's `type` is not `USER`.
    init(_ body: RequestObject) throws(PontoonError) {
        let userName = try body.string("username")
        let email = try body.string("email")
        let permissions = try PermissionsChange(fields: try body.object("permissions") ?? [:])
        guard try (body.string("type") ?? "USER").uppercased() == "USER" else {
            throw PontoonError(.badRequest, "The field 'type' must be 'USER': Pontoon has no teams or divisions.")
        }
        self.init(userName: userName, email: email, permissions: Permissions().applying(permissions))
    }
}

extension PermissionsChange {
    /// Reads the permissions in an object; ignores unknown fields and `null`.
    ///
    /// - Throws: `.badRequest` if a permission is not a Boolean.
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
