package import PontoonFoundation

/// The use cases that authenticate callers, look up users and create tokens.
///
/// The use cases with which users manage their own tokens are in `Accounts+OwnTokens`.
package struct Accounts: Sendable {
    let metadata: any IdentityStore & ProjectStore
    private let limits: UserLimits
    private let uses: TokenUses?
    let now: @Sendable () -> Date

    /// - Parameters:
    ///   - metadata: The store of users, tokens and projects.
    ///   - limits: The limits of each user; only the number of tokens is used.
    ///   - uses: Records the days on which tokens are used; `nil` records none.
    ///   - now: Returns the current time.
    package init(
        metadata: any IdentityStore & ProjectStore,
        limits: UserLimits = UserLimits(),
        uses: TokenUses? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.limits = limits
        self.uses = uses
        self.now = now
    }

    /// Returns the caller to whom a token belongs, and records that the token was used.
    ///
    /// Looks up the token's hash, so the duration of the lookup reveals nothing about stored tokens. If another process
    /// revokes the token or disables its user, the token may still be accepted for up to one second.
    ///
    /// - Throws: `.notAuthenticated` if the token is missing, unknown, revoked or expired, or its user is disabled.
    package func caller(token: String?) async throws -> Caller {
        let now = now()
        guard let token, !token.isEmpty,
            let caller = try await metadata.caller(withTokenHash: Secret(token).sha256),
            let record = caller.token, !record.isExpired(now: now), caller.user.disabledOn == nil
        else {
            throw PontoonError.notAuthenticated
        }
        uses?.note(record, now: now)
        return caller
    }

    /// Returns the caller's own account or, for an administrator whose token is not limited to projects, the account of
    /// any user.
    ///
    /// - Throws: `.userNotFound` if the user does not exist; `.userForbidden` if the caller may not view the account.
    package func user(_ name: String, for caller: Caller) async throws -> User {
        if name == caller.name { return caller.user }
        guard let user = try await metadata.user(named: name) else {
            throw PontoonError(.userNotFound, "The requested user does not exist.")
        }
        guard caller.mayListUsers else { throw PontoonError(.userForbidden, "You may view only your own account.") }
        return user
    }

    /// Returns one page of all users, ordered by name.
    ///
    /// - Parameters:
    ///   - areAdministrators: `true` selects administrators, `false` all other users, and `nil` all users.
    ///   - caller: Must be an administrator, with a token that is not limited to projects.
    ///   - page: The page.
    /// - Returns: The users.
    /// - Throws: `.userForbidden` if the caller may not list users.
    package func users(areAdministrators: Bool?, caller: Caller, page: Page) async throws -> Listing<User> {
        guard caller.mayListUsers else {
            throw PontoonError(
                .userForbidden,
                "Only administrators may list users, with a token that is not limited to projects."
            )
        }
        return try await metadata.users(areAdministrators: areAdministrators, page: page)
    }

    /// Creates a token for a user at an operator's request.
    ///
    /// The user may be a service user or disabled. Only the token's hash is stored, so the token cannot be shown again.
    ///
    /// - Throws: `.userNotFound` if the user does not exist; `.badRequest` for invalid properties; `.projectNotFound`
    ///   if the user is not a member of a project to which the token is limited; `.limitReached` if the user has the
    ///   maximum number of tokens.
    package func createToken(
        for userName: String,
        _ details: TokenDetails = TokenDetails()
    ) async throws -> (record: TokenRecord, token: Secret) {
        _ = try await user(named: userName)
        return try await create(details, for: userName, createdBy: nil)
    }

    func create(
        _ details: TokenDetails,
        for userName: String,
        createdBy creator: String?
    ) async throws -> (record: TokenRecord, token: Secret) {
        var details = details
        details.expiresOn = details.expiresOn?.wholeMilliseconds
        try TokenRules.check(details, now: now())
        for project in (details.rights.projects ?? []).sorted(by: { $0.description < $1.description }) {
            guard try await metadata.project(project, for: userName) != nil else {
                throw PontoonError(.projectNotFound, "Project \(project) does not exist.")
            }
        }
        let token = Identifiers.token()
        let record = record(token, userName: userName, details, createdBy: creator)
        try await metadata.addToken(record, maximum: limits.tokens)
        return (record, token)
    }

    /// Returns all tokens of a user, oldest first.
    ///
    /// - Throws: `.userNotFound` if the user does not exist.
    package func tokens(of userName: String) async throws -> [TokenRecord] {
        _ = try await user(named: userName)
        return try await metadata.tokens(of: userName)
    }

    private func user(named name: String) async throws -> User {
        guard let user = try await metadata.user(named: name) else { throw PontoonError.noUser(name) }
        return user
    }

    /// Revokes a token, given its id or the token itself.
    ///
    /// - Returns: Whether the token existed.
    package func revokeToken(_ idOrToken: String) async throws -> Bool {
        if try await metadata.revokeToken(idOrToken) { return true }
        return try await metadata.revokeToken(Secret(idOrToken).sha256)
    }

    /// Creates the user `admin`, the project `admin/uploads` and a token if there are no users.
    ///
    /// - Parameters:
    ///   - token: The token to use; `nil` creates a random one.
    ///   - announce: Writes the token where the operator can read it. Runs before anything is stored, so that a crash
    ///     cannot leave a token that nobody knows.
    /// - Returns: Whether the account was created; `false` if there is already a user.
    /// - Throws: The error of `announce`, in which case nothing is stored.
    package func bootstrap(
        token: Secret?,
        announce: (Secret) async throws -> Void
    ) async throws -> Bool {
        guard try await metadata.isEmpty() else { return false }
        let token = token ?? Identifiers.token()
        try await announce(token)
        let user = User(name: "admin", createdOn: now(), isAdministrator: true)
        let project = Projects.newProject(
            id: ProjectID(owner: user.name, shortName: "uploads"),
            name: "Uploads",
            creator: user.name,
            now: now()
        )
        return try await metadata.bootstrap(
            user: user,
            project: project,
            token: record(token, userName: user.name, TokenDetails(name: "first token"), createdBy: nil)
        )
    }

    private func record(
        _ token: Secret,
        userName: String,
        _ details: TokenDetails,
        createdBy creator: String?
    ) -> TokenRecord {
        TokenRecord(
            id: Identifiers.hex(bytes: 6),
            userName: userName,
            hash: token.sha256,
            createdOn: now(),
            details: details,
            createdBy: creator
        )
    }
}

extension Caller {
    /// Whether the caller may view the accounts of all users.
    fileprivate var mayListUsers: Bool { user.isAdministrator && !isLimited }
}
