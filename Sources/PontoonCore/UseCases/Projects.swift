package import PontoonFoundation

/// The use cases that create, list, change and delete projects.
package struct Projects: Sendable {
    let metadata: any MetadataStore
    let access: Access
    private let limits: UserLimits
    private let garbage: GarbageCollector
    private let now: @Sendable () -> Date

    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        limits: UserLimits = UserLimits(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.access = Access(metadata: metadata)
        self.limits = limits
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.now = now
    }

    /// Creates a project that belongs to the caller.
    ///
    /// The short name in the id is derived from the name. If the id is taken, a number is appended to the short name.
    ///
    /// - Throws: `.projectNameMissing` if the name is missing or blank; `.badRequest` for invalid tags or a field that
    ///   is too long; `.forbidden` for a service user or a token that is limited to projects; `.limitReached` if the
    ///   caller owns the maximum number of projects.
    package func create(name: String?, _ change: ProjectChange, caller: Caller) async throws -> AccessibleProject {
        try access.checkMayOwn("projects", caller: caller)
        guard let name, !name.allSatisfy(\.isWhitespace) else {
            throw PontoonError(.projectNameMissing, "The field 'name' is missing or empty.")
        }
        try Self.check(change)
        guard try await metadata.ownedProjects(of: caller.name, upTo: limits.projects) < limits.projects else {
            throw PontoonError(.limitReached, "You already own the maximum of \(limits.projects) projects; delete one.")
        }
        // Repeats the search if another call takes the id in the meantime.
        while true {
            let id = try await freeID(for: name, owner: caller.name)
            var project = Self.newProject(
                id: id,
                name: name,
                settings: change.settings,
                creator: caller.name,
                now: now()
            )
            project.description = change.description ?? ""
            project.tags = change.tags ?? []
            project.billingGroup = change.billingGroup ?? project.billingGroup
            if try await metadata.addProject(project) {
                return AccessibleProject(project: project, permissions: .all)
            }
        }
    }

    private func freeID(for name: String, owner: String) async throws -> ProjectID {
        func id(_ attempt: Int) -> ProjectID {
            ProjectID(owner: owner, shortName: ShortName.derive(from: name, attempt: attempt))
        }
        return id(try await FreeNumber.first { try await metadata.isTaken(id($0)) })
    }

    /// Checks the lengths of the text fields, and the number and lengths of the tags.
    ///
    /// - Throws: `.badRequest` if a field is too long, if there are too many tags, or if a tag is empty or too long.
    private static func check(_ change: ProjectChange) throws(PontoonError) {
        try FieldRules.check("name", name: change.name)
        try FieldRules.check(description: change.description)
        try FieldRules.check(tags: change.tags)
        try FieldRules.check("settings", json: change.settings)
    }

    /// Returns a project that the caller may read.
    ///
    /// - Throws: `.projectNotFound`.
    package func details(
        _ id: ProjectID,
        caller: Caller,
        reading consistency: ReadConsistency = .latest
    ) async throws -> AccessibleProject {
        try await access.project(id, for: caller, reading: consistency)
    }

    /// Returns one page of the matching projects that the caller may read with the caller's token, newest first.
    ///
    /// Replaces ``ProjectFilter/ids`` with the projects to which the token is limited.
    package func list(
        matching filter: ProjectFilter,
        caller: Caller,
        page: Page
    ) async throws -> Listing<AccessibleProject> {
        var filter = filter
        filter.ids = caller.rights.projects
        return try await metadata.projects(for: caller.name, matching: filter, page: page)
    }

    /// Changes fields of a project.
    ///
    /// The caller needs the `write` permission, even if the project is locked, and `admin` to lock or unlock the
    /// project. A new name does not change the id.
    ///
    /// - Throws: `.projectNotFound`, `.projectForbidden`, `.projectNameMissing`; `.badRequest` for invalid tags or a
    ///   field that is too long.
    package func update(_ id: ProjectID, _ change: ProjectChange, caller: Caller) async throws -> AccessibleProject {
        var accessible = try await access.project(id, for: caller, needing: .write, evenIfLocked: true)
        if let name = change.name, name.allSatisfy(\.isWhitespace) {
            throw PontoonError(.projectNameMissing, "The field 'name' must not be empty.")
        }
        try Self.check(change)
        var change = change
        while true {
            if let settings = change.settings, !accessible.permissions.admin {
                guard Project.isLocked(settings) == accessible.project.isLocked else {
                    throw PontoonError(
                        .projectForbidden,
                        "You need the 'admin' permission to lock or unlock a project."
                    )
                }
                // Repeats the check if an admin changes the settings in the meantime.
                change.expectedSettings = accessible.project.settings
            }
            if let project = try await metadata.updateProject(id, change, now: now()) {
                return AccessibleProject(project: project, permissions: accessible.permissions)
            }
            accessible = try await access.project(id, for: caller, needing: .write, evenIfLocked: true)
        }
    }

    /// Deletes a project with its files, unfinished uploads, upload links and webhooks.
    ///
    /// The caller needs the `admin` permission.
    ///
    /// - Returns: The tokens that were revoked because they were limited to this project alone; at most
    ///   ``RevokedToken/maximumReported`` of them.
    /// - Throws: `.projectNotFound`; `.projectForbidden` if the caller lacks the permission or the project is locked.
    @discardableResult
    package func delete(_ id: ProjectID, caller: Caller) async throws -> [RevokedToken] {
        let project = try await access.project(id, for: caller, needing: .admin).project
        if project.isLocked { throw PontoonError.projectLocked(id, .projectForbidden) }
        guard let revoked = try await metadata.deleteProject(id) else {
            throw PontoonError.projectNotFound
        }
        await garbage.collect()
        return revoked
    }

    static func newProject(
        id: ProjectID,
        name: String,
        settings: String? = nil,
        creator: String,
        now: Date
    ) -> Project {
        Project(
            id: id,
            uuid: Identifiers.uuid(),
            name: name,
            settings: settings ?? "{}",
            billingGroup: BillingGroup.id(of: creator),
            rootFolder: Identifiers.file(now: now),
            createdBy: creator,
            createdOn: now
        )
    }
}
