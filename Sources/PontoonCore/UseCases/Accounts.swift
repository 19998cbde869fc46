package import Foundation

/// The use cases that manage users and their tokens, and authenticate callers.
package struct Accounts: Sendable {
    private let metadata: any IdentityStore
    private let limits: UserLimits
    private let now: @Sendable () -> Date

    package init(
        metadata: any IdentityStore,
        limits: UserLimits = UserLimits(),
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.limits = limits
        self.now = now
    }

    /// Returns the user to whom a token belongs.
    ///
    /// Looks up the token's hash, so the duration of the lookup reveals nothing about stored tokens. A token that
    /// another process has revoked may be accepted for up to one second.
    ///
    /// - Throws: `.notAuthenticated` if the token is missing, unknown or revoked.
    package func caller(token: String?) async throws -> User {
        guard let token, !token.isEmpty,
            let user = try await metadata.user(withTokenHash: Secret(token).sha256)
        else {
            throw PontoonError(.notAuthenticated, "A valid authentication token is required.")
        }
        return user
    }

    /// Adds a user.
    ///
    /// - Throws: `.badRequest` if the name is not valid, `.userExists` if it is taken.
    package func addUser(_ name: String) async throws {
        try User.checkName(name)
        try await metadata.addUser(User(name: name, createdOn: now()))
    }

    package func exists(_ name: String) async throws -> Bool { try await metadata.user(named: name) != nil }

    /// Creates a token for a user.
    ///
    /// Only the token's hash is stored, so the token cannot be shown again.
    ///
    /// - Throws: `.userNotFound`; `.limitReached` if the user has the maximum number of tokens.
    package func createToken(for userName: String) async throws -> (id: String, token: Secret) {
        guard try await metadata.tokens(of: userName).count < limits.tokens else {
            throw PontoonError(.limitReached, "The user has \(limits.tokens) tokens, the maximum; revoke one first.")
        }
        let token = Identifiers.token()
        let record = record(token, userName: userName)
        try await metadata.addToken(record)
        return (record.id, token)
    }

    /// Returns all tokens of a user, oldest first.
    ///
    /// - Throws: `.userNotFound`.
    package func tokens(of userName: String) async throws -> [TokenRecord] {
        guard try await metadata.user(named: userName) != nil else {
            throw PontoonError(.userNotFound, "There is no user '\(userName)'.")
        }
        return try await metadata.tokens(of: userName)
    }

    /// Revokes a token, given its id or the token itself.
    ///
    /// - Returns: Whether the token existed.
    package func revokeToken(_ idOrToken: String) async throws -> Bool {
        if try await metadata.revokeToken(idOrToken) { return true }
        return try await metadata.revokeToken(Secret(idOrToken).sha256)
    }

    /// Creates the user `admin`, the project `admin/uploads` and a token, unless a user exists.
    ///
    /// - Parameters:
    ///   - token: The token to use; `nil` creates a random one.
    ///   - announce: Writes the token to a place where the operator can read it. Runs before anything is stored, so
    ///     that a crash cannot leave a token that nobody knows.
    /// - Returns: `false`, with nothing stored, if a user already exists.
    /// - Throws: The error of `announce`, in which case nothing is stored.
    package func bootstrap(
        token: Secret?,
        announce: (Secret) async throws -> Void
    ) async throws -> Bool {
        guard try await metadata.isEmpty() else { return false }
        let token = token ?? Identifiers.token()
        try await announce(token)
        let user = User(name: "admin", createdOn: now())
        let project = Projects.newProject(
            id: ProjectID(owner: user.name, shortName: "uploads"),
            name: "Uploads",
            creator: user.name,
            now: now()
        )
        return try await metadata.bootstrap(
            user: user,
            project: project,
            token: record(token, userName: user.name)
        )
    }

    private func record(_ token: Secret, userName: String) -> TokenRecord {
        TokenRecord(
            id: Identifiers.hex(bytes: 6),
            userName: userName,
            hash: token.sha256,
            createdOn: now()
        )
    }
}
