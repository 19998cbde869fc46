package import PontoonFoundation

/// Storage of users and their tokens.
package protocol IdentityStore: Sendable {
    /// Returns whether there are no users.
    func isEmpty() async throws -> Bool
    /// Adds a user.
    /// - Throws: `.userExists` if the name or the email address is taken.
    func addUser(_ user: User) async throws
    /// Returns a user; `nil` if no user has this name.
    func user(named name: String) async throws -> User?
    /// Returns the user with an email address in lower case; `nil` if no user has it.
    func user(withEmail email: String) async throws -> User?
    /// Sets the email address of a user, in lower case; `nil` removes it.
    /// - Returns: `false` if there is no such user.
    /// - Throws: `.userExists` if another user has the address.
    func setEmail(_ name: String, _ email: String?) async throws -> Bool
    /// Sets whether a user is an administrator.
    /// - Returns: `false` if there is no such user.
    func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws -> Bool
    /// Returns one page of the users, ordered by name, and their total number. `areAdministrators` selects only
    /// administrators (`true`) or only other users (`false`); `nil` selects all users.
    func users(areAdministrators: Bool?, page: Page) async throws -> Listing<User>
    /// Returns at most `limit` users, ordered by name, whose names follow `name`; `nil` starts with the first.
    func users(after name: String?, limit: Int) async throws -> [UserSummary]
    /// Disables a user, or enables one if `time` is `nil`. Disabling a disabled user keeps the earlier time.
    /// - Returns: `false` if there is no such user.
    func setDisabled(_ name: String, since time: Date?) async throws -> Bool
    /// Removes a user with the user's tokens, memberships, upload links, webhooks, jobs, quota and automations, and the
    /// records of the user's uploads. The objects of unfinished uploads and of code packages are added to
    /// ``DiscardedObjectStore/discardedObjects(limit:)``.
    ///
    /// `heir` becomes the owner of the user's projects, with all permissions. Without an heir, a user who owns projects
    /// is not removed.
    /// - Returns: The result. Nothing has changed unless it is `.removed`.
    func removeUser(_ name: String, givingProjectsTo heir: String?) async throws -> UserRemovalResult
    /// Adds a token.
    /// - Parameters:
    ///   - token: The token. If another token was used to create it, that token must exist and its user must not be
    ///     disabled.
    ///   - maximum: Maximum number of tokens, including this one, that the user may have. Concurrent calls do not
    ///     exceed it.
    /// - Throws: `.userNotFound` if its user does not exist; `.limitReached` if the user would have more than `maximum`
    ///   tokens; `.notAuthenticated` if the token that was used to create it was revoked, or the user disabled.
    func addToken(_ token: TokenRecord, maximum: Int) async throws
    /// Returns the token with this hash (``TokenRecord/hash``) and its user, even if the token has expired or the user
    /// is disabled. A change by another process may become visible up to one second later.
    /// - Returns: `nil` if the token is unknown or revoked.
    func caller(withTokenHash hash: String) async throws -> Caller?
    /// Returns all tokens of a user, oldest first.
    func tokens(of userName: String) async throws -> [TokenRecord]
    /// Records the day on which tokens were used, unless a later day is already recorded. Ignores ids of tokens that do
    /// not exist.
    func noteUses(of ids: [String], on day: Date) async throws
    /// Deletes the token with this id or hash.
    /// - Returns: `false` if there is no such token.
    func revokeToken(_ idOrHash: String) async throws -> Bool
    /// Deletes the tokens that expired before a time.
    func pruneTokens(expiredBefore time: Date) async throws
    /// Creates the first user, a project and a token in one transaction.
    /// - Returns: `false`, with nothing changed, if a user already exists.
    func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool
}

/// The result of ``IdentityStore/removeUser(_:givingProjectsTo:)``.
package enum UserRemovalResult: Hashable, Sendable {
    case removed
    case noUser
    /// The user who would become the owner of the projects does not exist.
    case noHeir
    /// There is no other user. A server that starts with an empty store would create a new first user.
    case isLast
    case ownsProjects(Int)
}
