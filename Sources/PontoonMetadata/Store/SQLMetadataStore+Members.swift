package import PontoonCore

extension SQLMetadataStore {
    package func permissions(
        of userName: String,
        in project: ProjectID,
        reading consistency: ReadConsistency
    ) async throws -> Permissions? {
        let membership = ReadCache.Membership(userName: userName, project: project)
        return try await cache.permissions.row(membership, reading: consistency) {
            try await read { try $0.permissions(of: userName, in: project) }
        }
    }

    package func members(of project: ProjectID, page: Page) async throws -> Listing<Member> {
        try await read { connection in
            let total = try connection.query(countMembers, [project]).first?.count("total") ?? 0
            guard page.limit > 0 else { return Listing(items: [], total: total) }
            let rows = try connection.query(selectMembers, [project, page.limit, page.offset])
            let members = try rows.map { row in
                Member(userName: try row.text("user_name"), permissions: try row.permissions())
            }
            return Listing(items: members, total: total)
        }
    }

    package func addMember(_ member: Member, to project: ProjectID) async throws -> Bool {
        let permissions = member.permissions
        let values: [any SQLConvertible] = [
            permissions.copy, permissions.write, permissions.execute, permissions.admin, project, member.userName,
        ]
        let recorder = recorder
        return try await writeRetryingConflicts { connection in
            if try connection.execute(insertMember, values) == 1 {
                try connection.add(projects: [member.userName: 1])
                let event = NewEvent.member(.memberAdded, member.userName, of: project, permissions)
                try recorder.record([event], on: connection)
                return true
            }
            guard try !connection.query(selectUserName, [member.userName]).isEmpty else {
                throw PontoonError.noSuchUser
            }
            guard try !connection.query(selectMemberProject, [project]).isEmpty else {
                throw PontoonError(.projectNotFound, "Requested project does not exist.")
            }
            return false
        }
    }

    package func changePermissions(
        of userName: String,
        in project: ProjectID,
        _ change: PermissionsChange
    ) async throws -> Permissions? {
        let values: [(any SQLConvertible)?] = [
            change[.admin], change[.copy], change[.write], change[.execute], project, userName,
        ]
        let recorder = recorder
        return try await write { connection in
            let changed = try connection.query(updatePermissions, values).first?.permissions()
            guard let changed else { return nil }
            try recorder.record([.member(.memberChanged, userName, of: project, changed)], on: connection)
            return changed
        }
    }

    package func removeMember(_ userName: String, from project: ProjectID) async throws -> Bool {
        let recorder = recorder
        return try await write { connection in
            guard try connection.execute(deleteMember, [project, userName]) == 1 else { return false }
            try connection.add(projects: [userName: -1])
            try recorder.record([.member(.memberRemoved, userName, of: project)], on: connection)
            return true
        }
    }
}

extension SQLRow {
    /// Returns the permissions in the columns `can_copy`, `can_write`, `can_execute` and `can_admin`.
    func permissions() throws -> Permissions {
        Permissions(
            copy: try flag("can_copy"),
            write: try flag("can_write"),
            execute: try flag("can_execute"),
            admin: try flag("can_admin")
        )
    }
}

extension SQLConnection {
    /// Returns the permissions of a user in a project; `nil` if the user is not a member.
    func permissions(of userName: String, in project: ProjectID) throws -> Permissions? {
        try query(selectPermissions, [project, userName]).first?.permissions()
    }
}

private let permissionColumns = "can_copy, can_write, can_execute, can_admin"
private let selectPermissions = SQLStatement(
    constant: "SELECT \(permissionColumns) FROM members WHERE project_id = $1 AND user_name = $2 AND can_read = 1"
)
private let countMembers: SQLStatement = """
    SELECT COUNT(*) AS total FROM members WHERE project_id = $1 AND can_read = 1
    """
private let selectMembers = SQLStatement(
    constant: """
        SELECT user_name, \(permissionColumns) FROM members WHERE project_id = $1 AND can_read = 1
        ORDER BY user_name LIMIT $2 OFFSET $3
        """
)
private let insertMember: SQLStatement = """
    INSERT INTO members (
        project_id, user_name, project_created_on, can_read, can_copy, can_write, can_execute, can_admin
    )
    SELECT projects.id, users.name, projects.created_on, 1, $1, $2, $3, $4 FROM projects, users
    WHERE projects.id = $5 AND users.name = $6
    ON CONFLICT (project_id, user_name) DO NOTHING
    """
private let selectUserName: SQLStatement = "SELECT name FROM users WHERE name = $1"
private let selectMemberProject: SQLStatement = "SELECT id FROM projects WHERE id = $1"
// As in Permissions(copy:write:execute:admin:), admin includes the other permissions.
private let updatePermissions = SQLStatement(
    constant: """
        UPDATE members SET can_admin = COALESCE($1, can_admin),
            can_copy = COALESCE($1, can_admin) | COALESCE($2, can_copy),
            can_write = COALESCE($1, can_admin) | COALESCE($3, can_write),
            can_execute = COALESCE($1, can_admin) | COALESCE($4, can_execute)
        WHERE project_id = $5 AND user_name = $6 AND can_read = 1 RETURNING \(permissionColumns)
        """
)
private let deleteMember: SQLStatement = "DELETE FROM members WHERE project_id = $1 AND user_name = $2"
