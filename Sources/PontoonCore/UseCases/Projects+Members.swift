extension Projects {
    /// Returns one page of the members of a project, including the owner, ordered by name.
    ///
    /// The caller needs the `read` permission.
    ///
    /// - Throws: `.projectNotFound`.
    package func members(of id: ProjectID, caller: Caller, page: Page) async throws -> Listing<Member> {
        _ = try await access.project(id, for: caller)
        return try await metadata.members(of: id, page: page)
    }

    /// Returns one member of a project.
    ///
    /// The caller needs the `read` permission.
    ///
    /// - Throws: `.projectNotFound`, `.memberNotFound`.
    package func member(_ userName: String, of id: ProjectID, caller: Caller) async throws -> Member {
        _ = try await access.project(id, for: caller)
        guard let permissions = try await metadata.permissions(of: userName, in: id) else { throw Self.noMember }
        return Member(userName: userName, permissions: permissions)
    }

    /// Adds a member, identified by user name or, if the request contains no name, by email address.
    ///
    /// The caller needs the `admin` permission.
    ///
    /// - Throws: `.projectNotFound`, `.projectForbidden`, `.memberNameMissing`, `.userNotFound`, `.memberExists`.
    package func addMember(_ candidate: NewMember, to id: ProjectID, caller: Caller) async throws -> Member {
        _ = try await access.project(id, for: caller, needing: .admin)
        let member = Member(userName: try await userName(of: candidate), permissions: candidate.permissions)
        guard try await metadata.addMember(member, to: id) else {
            throw PontoonError(.memberExists, "User '\(member.userName)' is already a member of this project.")
        }
        return member
    }

    /// Returns the name of the user to add.
    ///
    /// A name that the request contains is returned without checking that the user exists.
    ///
    /// - Throws: `.memberNameMissing` if the request contains neither a name nor an address, or a blank name;
    ///   `.userNotFound` if no user has the address.
    private func userName(of candidate: NewMember) async throws -> String {
        if let name = candidate.userName, !name.allSatisfy(\.isWhitespace) { return name }
        guard candidate.userName == nil, let email = candidate.email else {
            throw PontoonError(.memberNameMissing, "The field 'username' (or 'email') is missing or empty.")
        }
        guard let user = try await metadata.user(withEmail: email.lowercased()) else {
            throw PontoonError(.userNotFound, "There is no user with this email address.")
        }
        return user.name
    }

    /// Grants or revokes permissions of a member.
    ///
    /// The caller needs the `admin` permission. The owner's permissions cannot be revoked.
    ///
    /// - Returns: All permissions of the member after the change.
    /// - Throws: `.projectNotFound`, `.memberNotFound`; `.projectForbidden` if the caller is not an admin, or a
    ///   permission of the owner is revoked.
    package func changePermissions(
        of userName: String,
        in id: ProjectID,
        _ change: PermissionsChange,
        caller: Caller
    ) async throws -> Permissions {
        let project = try await access.project(id, for: caller, needing: .admin).project
        if userName == project.owner {
            // The owner already has all permissions, so there is nothing to store.
            guard change.values.allSatisfy(\.self) else { throw Self.isOwner }
            return .all
        }
        guard let permissions = try await metadata.changePermissions(of: userName, in: id, change) else {
            throw Self.noMember
        }
        return permissions
    }

    /// Removes a member other than the owner.
    ///
    /// The caller needs the `admin` permission, unless the caller is the member to remove. Files that the member added
    /// are kept.
    ///
    /// - Throws: `.projectNotFound`, `.memberNotFound`; `.projectForbidden` if the caller is not an admin or the
    ///   member is the owner.
    package func removeMember(_ userName: String, from id: ProjectID, caller: Caller) async throws {
        let permission: Permission = userName == caller.name ? .read : .admin
        let project = try await access.project(id, for: caller, needing: permission).project
        guard userName != project.owner else { throw Self.isOwner }
        guard try await metadata.removeMember(userName, from: id) else { throw Self.noMember }
    }

    private static var noMember: PontoonError {
        PontoonError(.memberNotFound, "The project has no member with this name.")
    }

    private static var isOwner: PontoonError {
        PontoonError(.projectForbidden, "The owner of a project cannot be removed and keeps all permissions.")
    }
}
