/// The differences between the databases in table definitions; all other statements are the same.
package enum SQLDialect: Sendable {
    case sqlite, postgreSQL

    /// Statements that start a migration's transaction, so that one process migrates at a time.
    var beforeMigration: [SQLStatement] {
        switch self {
        // SQLite runs one write transaction at a time.
        case .sqlite: []
        // Copying a large table, or waiting for another process to do so, may take a long time.
        // The lock's number spells "pontoon".
        case .postgreSQL:
            [
                "SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0",
                "SELECT pg_advisory_xact_lock(31647717582139246)",
            ]
        }
    }

    /// A `CREATE` or `ALTER` statement in this database's dialect.
    ///
    /// PostgreSQL compares text by the database's locale unless a column says otherwise; SQLite compares byte for byte.
    func definition(_ statement: SQLStatement) -> SQLStatement {
        switch self {
        case .sqlite: statement
        case .postgreSQL: SQLStatement(constant: statement.text.replacing(" TEXT", with: " TEXT COLLATE \"C\""))
        }
    }
}
