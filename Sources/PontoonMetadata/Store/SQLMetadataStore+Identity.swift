package import PontoonCore

extension SQLMetadataStore {
    package func isEmpty() async throws -> Bool {
        try await read { try $0.hasNoUsers() }
    }

    package func addUser(_ user: User) async throws {
        let isAdded = try await write { try $0.insert(user) }
        guard isAdded else { throw PontoonError(.userExists, "A user with this name already exists.") }
    }

    package func user(named name: String) async throws -> User? {
        try await read { try $0.query(selectUser, [name]).first?.user() }
    }

    package func addToken(_ token: TokenRecord) async throws {
        let isAdded = try await write { try $0.insert(token) }
        guard isAdded else { throw PontoonError.noSuchUser() }
    }

    package func user(withTokenHash hash: String) async throws -> User? {
        try await cache.users.row(hash, reading: .cached) {
            try await read { try $0.query(selectUserByToken, [hash]).first?.user() }
        }
    }

    package func tokens(of userName: String) async throws -> [TokenRecord] {
        try await read { connection in
            try connection.query(selectTokens, [userName]).map { row in
                TokenRecord(
                    id: try row.text("id"),
                    userName: try row.text("user_name"),
                    hash: try row.text("hash"),
                    createdOn: try row.date("created_on")
                )
            }
        }
    }

    package func revokeToken(_ idOrHash: String) async throws -> Bool {
        try await write { try $0.execute("DELETE FROM tokens WHERE id = $1 OR hash = $1", [idOrHash]) > 0 }
    }

    package func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool {
        try await writeRetryingConflicts { connection in
            // An empty table has no row to lock, so concurrent callers lock a row that always exists.
            try connection.enqueue(selectAnyMigration, lock: .forUpdate("schema_migrations"))
            guard try connection.hasNoUsers() else { return false }
            guard try connection.insert(user), try connection.insert(project), try connection.insert(token) else {
                throw PontoonError(.userNotFound, "The token belongs to another user.")
            }
            return true
        }
    }
}

extension SQLConnection {
    fileprivate func hasNoUsers() throws -> Bool { try query("SELECT name FROM users LIMIT 1").isEmpty }

    /// Adds a user.
    /// - Returns: `false` if the name is taken.
    fileprivate func insert(_ user: User) throws -> Bool {
        try execute(insertUser, [user.name, user.createdOn]) == 1
    }

    /// Adds a token.
    /// - Returns: `false` if the token's user does not exist.
    fileprivate func insert(_ token: TokenRecord) throws -> Bool {
        try execute(insertToken, [token.id, token.hash, token.createdOn, token.userName]) == 1
    }
}

extension SQLRow {
    fileprivate func user() throws -> User {
        User(name: try text("name"), createdOn: try date("created_on"))
    }
}

private let selectUser: SQLStatement = "SELECT name, created_on FROM users WHERE name = $1"
private let insertUser: SQLStatement = """
    INSERT INTO users (name, created_on) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING
    """
private let insertToken: SQLStatement = """
    INSERT INTO tokens (id, hash, created_on, user_name) SELECT $1, $2, $3, name FROM users WHERE name = $4
    """
private let selectUserByToken: SQLStatement = """
    SELECT users.name AS name, users.created_on AS created_on
    FROM tokens JOIN users ON users.name = tokens.user_name WHERE tokens.hash = $1
    """
private let selectTokens: SQLStatement = """
    SELECT id, user_name, hash, created_on FROM tokens WHERE user_name = $1 ORDER BY created_on, id
    """
private let selectAnyMigration: SQLStatement = "SELECT name FROM schema_migrations ORDER BY name LIMIT 1"
