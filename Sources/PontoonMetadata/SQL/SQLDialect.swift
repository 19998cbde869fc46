/// The SQL dialect of a database.
///
/// Dialects differ only in migrations, row locks (``SQLRowLock``) and the positions of events. All other statements are
/// the same for every database.
package enum SQLDialect: Sendable {
    case sqlite, postgreSQL

    /// The statements that begin a migration's transaction.
    ///
    /// They ensure that only one process migrates at a time.
    var beforeMigration: [SQLStatement] {
        switch self {
        // SQLite runs one write transaction at a time.
        case .sqlite: []
        // Disables timeouts, because copying a large table, or waiting for another process to do so, may take a long
        // time. The number of the lock is "pontoon" in ASCII.
        case .postgreSQL:
            [
                "SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0",
                "SELECT pg_advisory_xact_lock(31647717582139246)",
            ]
        }
    }

    /// Translates a `CREATE` or `ALTER` statement into this dialect.
    ///
    /// PostgreSQL compares text by the database's locale, unless the column has a collation. SQLite compares bytes.
    func definition(_ statement: SQLStatement) -> SQLStatement {
        switch self {
        case .sqlite: statement
        case .postgreSQL: SQLStatement(constant: statement.text.replacing(" TEXT", with: " TEXT COLLATE \"C\""))
        }
    }
}
