/// Storage of users and their tokens.
package protocol IdentityStore: Sendable {
    /// Returns whether no user exists yet.
    func isEmpty() async throws -> Bool
    /// Adds a user.
    /// - Throws: `.userExists` if the name is taken.
    func addUser(_ user: User) async throws
    /// Returns a user; `nil` if no user has this name.
    func user(named name: String) async throws -> User?
    /// Adds a token.
    /// - Throws: `.userNotFound` if its user does not exist.
    func addToken(_ token: TokenRecord) async throws
    /// Returns the user whose token has this hash (``TokenRecord/hash``). A token revoked by another process may be
    /// accepted for up to one second.
    /// - Returns: `nil` if the token is unknown or revoked.
    func user(withTokenHash hash: String) async throws -> User?
    /// Returns all tokens of a user, oldest first.
    func tokens(of userName: String) async throws -> [TokenRecord]
    /// Deletes the token with this id or hash.
    /// - Returns: `false` if there is no such token.
    func revokeToken(_ idOrHash: String) async throws -> Bool
    /// Creates the first user with a project and a token, all or nothing.
    /// - Returns: `false`, with nothing changed, if a user already exists.
    func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool
}
