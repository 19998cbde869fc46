package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func isEmpty() async throws -> Bool {
        try await read { try $0.hasNoUsers() }
    }

    package func addUser(_ user: User) async throws {
        let isAdded = try await Self.refusingTakenEmail { try await write { try $0.insert(user) } }
        guard isAdded else { throw PontoonError(.userExists, "A user with this name already exists.") }
    }

    package func user(named name: String) async throws -> User? {
        try await read { try $0.query(selectUser, [name]).first?.user() }
    }

    package func user(withEmail email: String) async throws -> User? {
        try await read { try $0.query(selectUserByEmail, [email]).first?.user() }
    }

    package func setEmail(_ name: String, _ email: String?) async throws -> Bool {
        try await Self.refusingTakenEmail { try await write { try $0.execute(updateEmail, [email, name]) == 1 } }
    }

    package func setAdministrator(_ name: String, _ isAdministrator: Bool) async throws -> Bool {
        try await write { try $0.execute(updateAdministrator, [isAdministrator, name]) == 1 }
    }

    package func users(areAdministrators: Bool?, page: Page) async throws -> Listing<User> {
        let range = [areAdministrators ?? false, areAdministrators ?? true]
        return try await read { connection in
            let counted = try connection.query(countUsers, range).first
            let rows = try connection.query(selectUserPage, [range[0], range[1], page.limit, page.offset])
            return Listing(items: try rows.map { try $0.user() }, total: try counted?.count("total") ?? 0)
        }
    }

    private static func refusingTakenEmail(_ body: () async throws -> Bool) async throws -> Bool {
        do {
            return try await body()
        } catch let error as SQLError where error.kind == .uniqueViolation {
            throw PontoonError(.userExists, "Another user has this email address.")
        }
    }

    package func users(after name: String?, limit: Int) async throws -> [UserSummary] {
        try await read { connection in
            try connection.query(selectUsers, [name ?? "", limit]).map { row in
                UserSummary(
                    user: try row.user(),
                    ownedProjects: try row.count("owned_projects"),
                    tokens: try row.count("tokens")
                )
            }
        }
    }

    package func setDisabled(_ name: String, since time: Date?) async throws -> Bool {
        try await write { connection in
            if let time { return try connection.execute(disableUser, [time, name]) == 1 }
            return try connection.execute(enableUser, [name]) == 1
        }
    }

    package func bootstrap(user: User, project: Project, token: TokenRecord) async throws -> Bool {
        let recorder = recorder
        return try await writeRetryingConflicts { connection in
            // An empty table has no row to lock, so concurrent callers lock a row that always exists.
            try connection.enqueue(selectAnyMigration, lock: .forUpdate("schema_migrations"))
            guard try connection.hasNoUsers() else { return false }
            guard try connection.insert(user), try connection.insert(project, recorder),
                try connection.insert(token)
            else {
                throw PontoonError(.userNotFound, "The token belongs to another user.")
            }
            return true
        }
    }
}

extension SQLConnection {
    fileprivate func hasNoUsers() throws -> Bool { try query("SELECT name FROM users LIMIT 1").isEmpty }

    /// Adds a user.
    ///
    /// - Returns: `false` if the name is taken.
    /// - Throws: ``SQLError``, which is a unique violation if another user has the same email address.
    fileprivate func insert(_ user: User) throws -> Bool {
        let values: [(any SQLConvertible)?] = [
            user.name, user.createdOn, user.isService, user.disabledOn, user.email, user.isAdministrator,
        ]
        return try execute(insertUser, values) == 1
    }
}

extension SQLRow {
    /// Creates a user from a row with ``userColumns``.
    func user() throws -> User {
        User(
            name: try text("user_name"),
            createdOn: try date("user_created_on"),
            isService: try flag("is_service"),
            disabledOn: try optionalDate("disabled_on"),
            email: try optionalText("email"),
            isAdministrator: try flag("is_administrator")
        )
    }
}

/// The columns that ``SQLRow/user()`` needs, selected from `users`.
let userColumns = """
    users.name AS user_name, users.created_on AS user_created_on, users.is_service AS is_service,
    users.disabled_on AS disabled_on, users.email AS email, users.is_administrator AS is_administrator
    """
private let selectUser = SQLStatement(constant: "SELECT \(userColumns) FROM users WHERE name = $1")
private let selectUserByEmail = SQLStatement(constant: "SELECT \(userColumns) FROM users WHERE email = $1")
private let updateEmail: SQLStatement = "UPDATE users SET email = $1 WHERE name = $2"
private let updateAdministrator: SQLStatement = "UPDATE users SET is_administrator = $1 WHERE name = $2"
// The condition on the name makes SQLite read the index in order.
private let countUsers: SQLStatement = """
    SELECT COUNT(*) AS total FROM users WHERE name > '' AND is_administrator BETWEEN $1 AND $2
    """
private let selectUserPage = SQLStatement(
    constant: """
        SELECT \(userColumns) FROM users WHERE name > '' AND is_administrator BETWEEN $1 AND $2
        ORDER BY name LIMIT $3 OFFSET $4
        """
)
private let selectUsers = SQLStatement(
    constant: """
        SELECT \(userColumns), (SELECT COUNT(*) FROM projects WHERE projects.owner = users.name) AS owned_projects,
            (SELECT COUNT(*) FROM tokens WHERE tokens.user_name = users.name) AS tokens
        FROM users WHERE users.name > $1 ORDER BY users.name LIMIT $2
        """
)
private let insertUser: SQLStatement = """
    INSERT INTO users (name, created_on, is_service, disabled_on, email, is_administrator)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (name) DO NOTHING
    """
private let disableUser: SQLStatement = """
    UPDATE users SET disabled_on = COALESCE(disabled_on, $1) WHERE name = $2
    """
private let enableUser: SQLStatement = "UPDATE users SET disabled_on = NULL WHERE name = $1"
/// Selects a row that always exists.
///
/// Transactions that must not run concurrently lock this row.
let selectAnyMigration: SQLStatement = "SELECT name FROM schema_migrations ORDER BY name LIMIT 1"
