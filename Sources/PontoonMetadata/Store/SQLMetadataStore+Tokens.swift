package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addToken(_ token: TokenRecord, maximum: Int) async throws {
        try await write(changing: .none) { connection in
            // The user is locked, so that concurrent calls do not exceed the limit.
            let users = try connection.query(selectTokenUser, [token.userName], lock: .forUpdate("users"))
            guard let user = try users.first?.user() else { throw PontoonError.noSuchUser }
            if let creator = token.createdBy {
                let creators = try connection.query(
                    selectCreator,
                    [creator, token.userName],
                    lock: .forShare("tokens")
                )
                guard user.disabledOn == nil, !creators.isEmpty else {
                    throw PontoonError(
                        .notAuthenticated,
                        "The token of this call was revoked, or its user was disabled."
                    )
                }
            }
            let total = try connection.query(countTokens, [token.userName]).first?.count("total") ?? 0
            guard total < maximum else {
                throw PontoonError(.limitReached, "The user already has the maximum of \(maximum) tokens; revoke one.")
            }
            _ = try connection.insert(token)
        }
    }

    package func caller(withTokenHash hash: String) async throws -> Caller? {
        try await cache.callers.row(hash, reading: .cached) {
            try await read { connection in
                guard let row = try connection.query(selectCaller, [hash]).first else { return nil }
                return Caller(try row.user(), token: try row.token())
            }
        }
    }

    package func tokens(of userName: String) async throws -> [TokenRecord] {
        try await read { try $0.query(selectTokens, [userName]).map { try $0.token() } }
    }

    package func noteUses(of ids: [String], on day: Date) async throws {
        // The cache is not invalidated: cached tokens may show an earlier day.
        try await write(changing: .none) { connection in
            for ids in ids.chunks(of: 500) {
                var update = SQLBuilder("UPDATE tokens SET used_on = ")
                update.append(value: day)
                update.append(" WHERE id IN ")
                update.append(list: ids)
                update.append(" AND COALESCE(used_on, 0) < ")
                update.append(value: day)
                try connection.execute(update)
            }
        }
    }

    package func revokeToken(_ idOrHash: String) async throws -> Bool {
        try await write(changing: .callers) { try $0.execute(deleteToken, [idOrHash]) > 0 }
    }

    package func pruneTokens(expiredBefore time: Date) async throws {
        // The cache is not invalidated, because the expiry of cached tokens is checked at each use.
        try await write(changing: .none) { _ = try $0.execute("DELETE FROM tokens WHERE expires_on < $1", [time]) }
    }
}

extension SQLConnection {
    /// Adds a token.
    ///
    /// - Returns: `false` if the token's user does not exist.
    func insert(_ token: TokenRecord) throws -> Bool {
        let details = token.details
        let projects = details.rights.projects.map { $0.map(\.description).sorted().joined(separator: " ") }
        let values: [(any SQLConvertible)?] = [
            token.id, token.hash, token.createdOn, details.name, details.rights.scope.rawValue, projects,
            details.expiresOn, token.createdBy, token.usedOn, token.userName,
        ]
        return try execute(insertToken, values) == 1
    }

    /// Removes a project from the limits of tokens, and deletes the tokens that are limited to this project only.
    ///
    /// Must be called when a project is deleted, because a later project can have the same id. Must also be called when
    /// a project is added: a token may have been created while an earlier project with the same id was being deleted,
    /// and version 0.1.0 did not remove deleted projects from the limits.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - limit: Maximum number of deleted tokens to return; 0 by default.
    /// - Returns: Up to `limit` of the deleted tokens.
    /// - Throws: ``SQLError``.
    @discardableResult
    func endTokenLimits(to project: ProjectID, reporting limit: Int = 0) throws -> [RevokedToken] {
        try enqueue(removeProjectFromTokens, [" \(project) "])
        let rows = limit == 0 ? [] : try query(selectTokensWithoutProjects, [limit])
        // Tokens are deleted after the update, because two projects of a token may be deleted at the same time.
        try enqueue(deleteTokensWithoutProjects, [])
        return try rows.map { RevokedToken(id: try $0.text("id"), userName: try $0.text("user_name")) }
    }
}

extension SQLRow {
    /// Creates the record of a token from a row with ``tokenColumns`` and `user_name`.
    fileprivate func token() throws -> TokenRecord {
        let scope = try decode("scope", try text("scope")) { TokenScope(rawValue: $0) }
        let projects = try optionalText("projects").map { text in
            try text.split(separator: " ").map { id in try decode("projects", String(id)) { ProjectID($0) } }
        }
        return TokenRecord(
            id: try text("token_id"),
            userName: try text("user_name"),
            hash: try text("hash"),
            createdOn: try date("token_created_on"),
            details: TokenDetails(
                name: try text("token_name"),
                rights: TokenRights(scope: scope, projects: projects.map { Set($0) }),
                expiresOn: try optionalDate("expires_on")
            ),
            createdBy: try optionalText("created_by"),
            usedOn: try optionalDate("used_on")
        )
    }
}

private let tokenColumns = """
    tokens.id AS token_id, tokens.hash AS hash, tokens.created_on AS token_created_on, tokens.name AS token_name,
    tokens.scope AS scope, tokens.projects AS projects, tokens.expires_on AS expires_on,
    tokens.created_by AS created_by, tokens.used_on AS used_on
    """
private let selectTokenUser = SQLStatement(constant: "SELECT \(userColumns) FROM users WHERE name = $1")
private let selectCreator: SQLStatement = "SELECT id FROM tokens WHERE id = $1 AND user_name = $2"
private let countTokens: SQLStatement = "SELECT COUNT(*) AS total FROM tokens WHERE user_name = $1"
private let insertToken: SQLStatement = """
    INSERT INTO tokens (id, hash, created_on, name, scope, projects, expires_on, created_by, used_on, user_name)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, name FROM users WHERE name = $10
    """
private let selectCaller = SQLStatement(
    constant: """
        SELECT \(userColumns), \(tokenColumns)
        FROM tokens JOIN users ON users.name = tokens.user_name WHERE tokens.hash = $1
        """
)
private let selectTokens = SQLStatement(
    constant: """
        SELECT tokens.user_name AS user_name, \(tokenColumns) FROM tokens WHERE tokens.user_name = $1
        ORDER BY tokens.created_on, tokens.id
        """
)
private let deleteToken: SQLStatement = "DELETE FROM tokens WHERE id = $1 OR hash = $1"
private let selectTokensWithoutProjects: SQLStatement = """
    SELECT id, user_name FROM tokens WHERE projects = '' LIMIT $1
    """
private let deleteTokensWithoutProjects: SQLStatement = "DELETE FROM tokens WHERE projects = ''"
private let removeProjectFromTokens: SQLStatement = """
    UPDATE tokens SET projects = TRIM(REPLACE(' ' || projects || ' ', $1, ' '))
    WHERE REPLACE(' ' || projects || ' ', $1, ' ') <> ' ' || projects || ' '
    """
