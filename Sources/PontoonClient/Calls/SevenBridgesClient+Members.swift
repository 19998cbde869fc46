import NIOHTTP1
package import PontoonCore

/// A member of a project, as returned by the API.
package struct MemberDetails: Sendable, Decodable, Identifiable {
    /// User name.
    package let username: String
    /// The member's permissions; `nil` if the server omits them.
    package let permissions: ProjectDetails.Permissions?

    package var id: String { username }
}

extension SevenBridgesClient {
    /// Lists one page of the members of a project, including its owner.
    ///
    /// - Throws: ``APIError``; ``ClientError``, with code `.requestInvalid` if `project` is not a project id.
    package func members(of project: String, offset: Int = 0, limit: Int = 100) async throws -> ResultPage<
        MemberDetails
    > {
        try await page(
            "\(try Self.projectPath(project))/members",
            offset: offset,
            limit: limit,
            purpose: "list the members of '\(project)'"
        )
    }

    /// Adds a user to a project.
    ///
    /// The permission `read` is granted even if `permissions` does not contain it.
    ///
    /// - Throws: ``APIError``, with status 404 if the user or the project does not exist, or 409 if the user is already
    ///   a member; ``ClientError``, with code `.requestInvalid` if `project` is not a project id.
    package func addMember(
        _ name: String,
        to project: String,
        permissions: Set<Permission>
    ) async throws -> MemberDetails {
        try await call(
            APIRequest(
                method: .POST,
                path: "\(try Self.projectPath(project))/members",
                body: .object(["username": .string(name), "permissions": Self.body(permissions)]),
                idempotency: .nonIdempotent,
                purpose: "add '\(name)' to '\(project)'"
            )
        )
    }

    /// Replaces the permissions of a member.
    ///
    /// - Returns: The resulting permissions, which may be more than requested: `read` is always granted, and `admin`
    ///   includes all others.
    /// - Throws: ``APIError``, with status 404 if the user is not a member, or 403 if the project's owner would lose a
    ///   permission; ``ClientError``, with code `.requestInvalid` if a name is not valid.
    package func setPermissions(
        of name: String,
        in project: String,
        _ permissions: Set<Permission>
    ) async throws -> ProjectDetails.Permissions {
        try await call(
            APIRequest(
                method: .PUT,
                path: "\(try Self.projectPath(project))/members/\(try Self.userPath(name))/permissions",
                body: Self.body(permissions),
                purpose: "set the permissions of '\(name)' in '\(project)'"
            )
        )
    }

    /// Removes a member from a project.
    ///
    /// - Throws: ``APIError``, with status 404 if the user is not a member, or 403 if the user is the project's owner;
    ///   ``ClientError``, with code `.requestInvalid` if a name is not valid.
    package func removeMember(_ name: String, from project: String) async throws {
        try await delete(
            APIRequest(
                method: .DELETE,
                path: "\(try Self.projectPath(project))/members/\(try Self.userPath(name))",
                purpose: "remove '\(name)' from '\(project)'"
            )
        )
    }

    /// Returns a request body that lists every permission, granted or not, as the API requires.
    ///
    /// The permission `read` is always granted.
    private static func body(_ permissions: Set<Permission>) -> JSONValue {
        .object(
            Dictionary(
                uniqueKeysWithValues: Permission.allCases.map {
                    ($0.rawValue, .bool($0 == .read || permissions.contains($0)))
                }
            )
        )
    }
}
