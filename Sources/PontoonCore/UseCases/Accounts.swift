import Crypto
package import Foundation

/// Users, their tokens, and who a caller is.
package struct Accounts: Sendable {
    private let metadata: any IdentityStore
    private let now: @Sendable () -> Date

    /// Works on a store.
    package init(metadata: any IdentityStore, now: @escaping @Sendable () -> Date = { Date() }) {
        self.metadata = metadata
        self.now = now
    }

    /// Who a token stands for.
    ///
    /// Only the token's hash is looked up, so the time taken tells nothing about stored tokens.
    ///
    /// - Throws: `.notAuthenticated` when it is missing, unknown or revoked.
    package func caller(token: String?) async throws -> User {
        guard let token, !token.isEmpty,
            let user = try await metadata.user(withTokenHash: Self.hash(Secret(token)))
        else {
            throw PontoonError(.notAuthenticated, "A valid authentication token is required.")
        }
        return user
    }

    /// Adds a user.
    ///
    /// - Throws: `.badRequest` for the name, `.userExists`.
    package func addUser(_ name: String) async throws {
        try User.checkName(name)
        try await metadata.addUser(User(name: name, createdOn: now()))
    }

    /// Whether there is a user of this name.
    package func exists(_ name: String) async throws -> Bool { try await metadata.user(named: name) != nil }

    /// Makes a token for a user; it can be seen this once.
    ///
    /// - Throws: `.userNotFound`.
    package func createToken(for userName: String) async throws -> (id: String, token: Secret) {
        let token = Identifiers.token()
        let record = record(token, userName: userName)
        try await metadata.addToken(record)
        return (record.id, token)
    }

    /// All tokens of a user, oldest first.
    ///
    /// - Throws: `.userNotFound`.
    package func tokens(of userName: String) async throws -> [TokenRecord] {
        guard try await metadata.user(named: userName) != nil else {
            throw PontoonError(.userNotFound, "There is no user '\(userName)'.")
        }
        return try await metadata.tokens(of: userName)
    }

    /// Ends a token, named by its id or by itself.
    ///
    /// - Returns: Whether there was such a token.
    package func revokeToken(_ idOrToken: String) async throws -> Bool {
        if try await metadata.revokeToken(idOrToken) { return true }
        return try await metadata.revokeToken(Self.hash(Secret(idOrToken)))
    }

    /// On an empty store makes user `admin`, project `admin/uploads` and a token.
    ///
    /// - Parameters:
    ///   - token: The token to use; `nil` makes one.
    ///   - announce: Writes the token where its owner finds it, before anything is stored: a start that is cut in between
    ///     begins again.
    /// - Returns: Whether this was the first start.
    /// - Throws: What `announce` throws; nothing is stored then.
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
            hash: Self.hash(token),
            createdOn: now()
        )
    }

    /// A token holds 128 random bits, so one round of SHA-256 is enough to keep it from whoever reads the store.
    private static func hash(_ token: Secret) -> String {
        hexDigits(SHA256.hash(data: Data(token.value.utf8)))
    }
}
