package import PontoonFoundation

/// Storage of projects and their members.
package protocol ProjectStore: Sendable {
    /// Adds a project, its root folder and its owner's membership. Tokens that were limited to an earlier project with
    /// the same id do not include the new project.
    ///
    /// - Returns: `false`, with nothing changed, if the id is taken.
    /// - Throws: `.userNotFound` if the owner does not exist.
    func addProject(_ project: Project) async throws -> Bool
    /// Returns whether a project has this id.
    func isTaken(_ id: ProjectID) async throws -> Bool
    /// Counts the projects that a user owns, up to `limit`.
    func ownedProjects(of userName: String, upTo limit: Int) async throws -> Int
    /// Returns the ids of at most `limit` projects that a user owns, in no particular order.
    func projects(ownedBy userName: String, limit: Int) async throws -> [ProjectID]
    /// Returns a project and a user's permissions in it.
    ///
    /// - Returns: `nil` if the project does not exist or the user may not read it; callers cannot distinguish the two
    ///   cases.
    func project(
        _ id: ProjectID,
        for userName: String,
        reading consistency: ReadConsistency
    ) async throws -> AccessibleProject?
    /// Returns one page of the projects that a user may read and that match a filter, newest first, and their total
    /// number.
    func projects(
        for userName: String,
        matching filter: ProjectFilter,
        page: Page
    ) async throws -> Listing<AccessibleProject>
    /// Changes fields of a project, and sets its modification time to `now`.
    ///
    /// - Returns: The project after the change; `nil` if it does not exist, or if its settings differ from
    ///   ``ProjectChange/expectedSettings``.
    func updateProject(_ id: ProjectID, _ change: ProjectChange, now: Date) async throws -> Project?
    /// Deletes a project with its members, files, uploads, upload links, webhooks and quota. Discards the objects that
    /// no file of another project uses; see ``DiscardedObjectStore``. Removes the project from the limits of tokens,
    /// and deletes the tokens that are limited to it alone.
    ///
    /// - Returns: The deleted tokens, at most ``RevokedToken/maximumReported``; `nil` if the project does not exist.
    func deleteProject(_ id: ProjectID) async throws -> [RevokedToken]?

    /// Returns a user's permissions in a project.
    ///
    /// - Returns: `nil` if the user is not a member or the project does not exist.
    func permissions(
        of userName: String,
        in project: ProjectID,
        reading consistency: ReadConsistency
    ) async throws -> Permissions?
    /// Returns one page of the members of a project, including its owner, ordered by name, and their total number.
    func members(of project: ProjectID, page: Page) async throws -> Listing<Member>
    /// Adds a member.
    ///
    /// - Returns: `false`, with nothing changed, if the user is already a member.
    /// - Throws: `.userNotFound` or `.projectNotFound` if the user or the project does not exist.
    func addMember(_ member: Member, to project: ProjectID) async throws -> Bool
    /// Applies a change to a member's permissions; see ``Permissions/applying(_:)``. Concurrent changes are applied one
    /// after another; none is lost.
    ///
    /// - Returns: The permissions after the change; `nil` if the user is not a member.
    func changePermissions(
        of userName: String,
        in project: ProjectID,
        _ change: PermissionsChange
    ) async throws -> Permissions?
    /// Removes a member. The caller must ensure that the member is not the owner.
    ///
    /// - Returns: `false` if the user is not a member.
    func removeMember(_ userName: String, from project: ProjectID) async throws -> Bool
}

extension ProjectStore {
    /// Returns the latest state of a project; see ``project(_:for:reading:)``.
    package func project(_ id: ProjectID, for userName: String) async throws -> AccessibleProject? {
        try await project(id, for: userName, reading: .latest)
    }

    /// Returns the latest permissions of a user; see ``permissions(of:in:reading:)``.
    package func permissions(of userName: String, in project: ProjectID) async throws -> Permissions? {
        try await permissions(of: userName, in: project, reading: .latest)
    }
}

/// A filter for projects.
///
/// A project must satisfy every condition.
package struct ProjectFilter: Hashable, Sendable {
    /// User name of the owner; `nil` for any.
    package var owner: String?
    /// Substring of the display name, compared case-insensitively; `nil` for any.
    package var name: String?
    /// Tags that the project must have, all of them.
    package var tags: [String]
    /// Ids of the projects to select; `nil` for any.
    package var ids: Set<ProjectID>?

    package init(owner: String? = nil, name: String? = nil, tags: [String] = [], ids: Set<ProjectID>? = nil) {
        self.owner = owner
        self.name = name
        self.tags = tags
        self.ids = ids
    }

    package var isEmpty: Bool { owner == nil && name == nil && tags.isEmpty && ids == nil }
}
