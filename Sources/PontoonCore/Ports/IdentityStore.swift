package import PontoonFoundation

/// Storage of users and their tokens.
package protocol IdentityStore: Sendable {
    /// Returns whether there are no users.
    func isEmpty() async throws -> Bool
    /// Adds a user.
    ///
    /// - Throws: `.userExists` if another user has the name or the email address.
    func addUser(_ user: User) async throws
    /// Returns a user; `nil` if no user has this name.
    func user(named name: String) async throws -> User?
    /// Returns the user with an email address, which must be in lower case; `nil` if no user has it.
    func user(withEmail email: String) async throws -> User?
    /// Sets the email address of a user, which must be in lower case; `nil` removes it.
    ///
    /// - Returns: `false` if there is no such user.
    /// - Throws: `.userExists` if another user has the address.
    func setEmail(_ name: String, _ email: String?) async throws -> Bool
    /// Sets whether a user is an administrator.
    ///
    /// - Returns: `false` if there is no such user.
    func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws -> Bool
    /// Returns one page of the users, ordered by name, and their total number. `areAdministrators` selects only
    /// administrators (`true`) or only other users (`false`); `nil` selects all users.
    func users(areAdministrators: Bool?, page: Page) async throws -> Listing<User>
    /// Returns at most `limit` users, ordered by name, whose names come after `name`; `nil` starts with the first user.
    func users(after name: String?, limit: Int) async throws -> [UserSummary]
    /// Disables a user, or enables a user if `time` is `nil`. Disabling a disabled user keeps the earlier time.
    ///
    /// - Returns: `false` if there is no such user.
    func setDisabled(_ name: String, since time: Date?) async throws -> Bool
    /// Removes a user with the user's tokens, memberships, upload links, webhooks, jobs, quota and automations, and the
    /// records of the user's uploads. Discards the objects of unfinished uploads and of code packages; see
    /// ``DiscardedObjectStore``.
    ///
    /// `heir` becomes the owner of the user's projects, with all permissions. Without an heir, a user who owns projects
    /// is not removed.
    ///
    /// - Returns: The result. Nothing has changed unless it is `.removed`.
    func removeUser(_ name: String, givingProjectsTo heir: String?) async throws -> UserRemovalResult
    /// Adds a token.
    ///
    /// - Parameters:
    ///   - token: The token.
    ///   - maximum: Maximum number of tokens that the user may have, including this one and expired ones. Concurrent
    ///     calls do not exceed it.
    /// - Throws: `.userNotFound` if the token's user does not exist; `.limitReached` if the user would have more than
    ///   `maximum` tokens; `.notAuthenticated` if the token was created with another token, and that token was revoked
    ///   or its user disabled.
    func addToken(_ token: TokenRecord, maximum: Int) async throws
    /// Returns the token with this hash (``TokenRecord/hash``) and its user, even if the token has expired or the user
    /// is disabled. A change by another process may become visible up to one second later.
    ///
    /// - Returns: `nil` if no token has this hash, for example because it was revoked.
    func caller(withTokenHash hash: String) async throws -> Caller?
    /// Returns all tokens of a user, including expired ones, oldest first.
    func tokens(of userName: String) async throws -> [TokenRecord]
    /// Records the day on which tokens were used, unless this or a later day is already recorded. Ignores ids of tokens
    /// that do not exist.
    func noteUses(of ids: [String], on day: Date) async throws
    /// Deletes the token with this id or hash.
    ///
    /// - Returns: `false` if there is no such token.
    func revokeToken(_ idOrHash: String) async throws -> Bool
    /// Deletes all tokens that expired before a time.
    func pruneTokens(expiredBefore time: Date) async throws
    /// Creates the first user, a project of this user and a token in one transaction.
    ///
    /// - Returns: `false`, with nothing changed, if a user already exists.
    func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool
}

/// The result of ``IdentityStore/removeUser(_:givingProjectsTo:)``.
package enum UserRemovalResult: Hashable, Sendable {
    case removed
    case noUser
    /// The user who should become the owner of the projects does not exist.
    case noHeir
    /// The user is the only one, and must remain: a server that starts with an empty store creates a new first user.
    case isLast
    /// The user owns that many projects, and no heir was given.
    case ownsProjects(Int)
}
