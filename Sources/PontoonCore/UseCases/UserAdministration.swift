package import PontoonFoundation

/// The use cases that manage users, for operators.
package struct UserAdministration: Sendable {
    private let metadata: any MetadataStore
    private let now: @Sendable () -> Date

    package init(metadata: any MetadataStore, now: @escaping @Sendable () -> Date = { Date() }) {
        self.metadata = metadata
        self.now = now
    }

    /// Adds a user.
    ///
    /// - Throws: `.badRequest` if the name or the email address is invalid, or if `isService` and `isAdministrator` are
    ///   both `true`; `.userExists` if the name or the address is taken.
    package func add(
        _ name: String,
        isService: Bool = false,
        isAdministrator: Bool = false,
        email: String? = nil
    ) async throws {
        try User.checkName(name)
        if isService, isAdministrator { throw Self.isService(name) }
        let address = try email.map { text throws(PontoonError) in try User.email(text) }
        try await metadata.addUser(
            User(
                name: name,
                createdOn: now(),
                isService: isService,
                email: address,
                isAdministrator: isAdministrator
            )
        )
    }

    /// Sets whether a user is an administrator, who may list all users.
    ///
    /// - Throws: `.userNotFound`; `.badRequest` if a service user would become an administrator.
    package func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws {
        guard let user = try await metadata.user(named: name) else { throw PontoonError.noUser(name) }
        if isAdministrator, user.isService { throw Self.isService(name) }
        guard try await metadata.setAdministrator(name, isAdministrator) else { throw PontoonError.noUser(name) }
    }

    /// Sets the email address of a user, or removes it if `email` is `nil`.
    ///
    /// - Throws: `.badRequest` if the address is invalid, `.userExists` if another user has it, `.userNotFound`.
    package func setEmail(of name: String, to email: String?) async throws {
        let address = try email.map { text throws(PontoonError) in try User.email(text) }
        guard try await metadata.setEmail(name, address) else { throw PontoonError.noUser(name) }
    }

    /// Passes all users to `body` in batches, ordered by name.
    package func forEach(_ body: ([UserSummary]) async throws -> Void) async throws {
        var last: String?
        while true {
            let users = try await metadata.users(after: last, limit: Self.batch)
            guard let newest = users.last else { return }
            try await body(users)
            last = newest.user.name
        }
    }

    /// Disables a user.
    ///
    /// Servers then refuse the user's tokens and upload links, and suspend the user's webhooks. A running server may
    /// accept the tokens for up to one more second. Nothing is deleted.
    ///
    /// - Throws: `.userNotFound`.
    package func disable(_ name: String) async throws { try await setDisabled(name, since: now()) }

    /// Enables a disabled user, whose tokens, upload links and webhooks work again.
    ///
    /// - Throws: `.userNotFound`.
    package func enable(_ name: String) async throws { try await setDisabled(name, since: nil) }

    private func setDisabled(_ name: String, since time: Date?) async throws {
        guard try await metadata.setDisabled(name, since: time) else { throw PontoonError.noUser(name) }
    }

    /// The treatment of the projects that a removed user owns.
    package enum OwnedProjects: Hashable, Sendable {
        /// A user who owns projects is not removed.
        case refuse
        /// The projects are given to this user, who receives all permissions in them. The ids of the projects do not
        /// change.
        case give(to: String)
        /// The projects are deleted with their files.
        case delete
    }

    /// Removes a user with the user's tokens, memberships, upload links, webhooks, jobs, unfinished uploads and
    /// automations.
    ///
    /// A running server removes the bytes of deleted files later. With ``OwnedProjects/delete``, the user is disabled
    /// first and the projects are deleted one by one. After an error, call the method again to continue.
    ///
    /// - Parameters:
    ///   - name: The user.
    ///   - projects: The treatment of the user's projects.
    ///   - report: Called after a project was deleted, with the tokens that were revoked because they were limited to
    ///     this project alone.
    /// - Throws: `.userNotFound` if the user or the new owner does not exist; `.badRequest` if there is no other user,
    ///   if ``OwnedProjects/refuse`` is given and the user owns projects, or if the new owner is the same user or a
    ///   service user.
    package func remove(
        _ name: String,
        projects: OwnedProjects,
        reportingTokens report: ([RevokedToken]) -> Void = { _ in }
    ) async throws {
        var heir: String?
        switch projects {
        case .refuse: break
        case .give(let other):
            try await check(heir: other, of: name)
            heir = other
        case .delete:
            guard try await metadata.user(named: name) != nil else { throw PontoonError.noUser(name) }
            guard try await metadata.users(after: nil, limit: 2).count > 1 else { throw Self.isLast(name) }
            try await disable(name)
            while case let ids = try await metadata.projects(ownedBy: name, limit: Self.batch), !ids.isEmpty {
                for id in ids {
                    if let revoked = try await metadata.deleteProject(id) { report(revoked) }
                }
            }
        }
        switch try await metadata.removeUser(name, givingProjectsTo: heir) {
        case .removed: return
        case .noUser: throw PontoonError.noUser(name)
        case .noHeir: throw PontoonError.noUser(heir ?? "")
        case .isLast: throw Self.isLast(name)
        case .ownsProjects(let count):
            throw PontoonError(
                .badRequest,
                """
                User '\(name)' owns \(count) \(count == 1 ? "project" : "projects"); give them to another user with \
                --give-projects-to, or delete them with --delete-projects.
                """
            )
        }
    }

    private func check(heir: String, of name: String) async throws {
        guard heir != name else {
            throw PontoonError(.badRequest, "The projects of '\(name)' can be given only to another user.")
        }
        guard let user = try await metadata.user(named: heir) else { throw PontoonError.noUser(heir) }
        guard !user.isService else {
            throw PontoonError(.badRequest, "'\(heir)' is a service user, which cannot own projects.")
        }
    }

    private static let batch = 100

    private static func isService(_ name: String) -> PontoonError {
        PontoonError(.badRequest, "'\(name)' is a service user, which cannot be an administrator.")
    }

    private static func isLast(_ name: String) -> PontoonError {
        PontoonError(.badRequest, "'\(name)' is the only user; add another user first.")
    }
}
