/// Where the databases differ although the statements are the same: in how tables are made.
package enum SQLDialect: Sendable {
    case sqlite, postgreSQL

    /// What a transaction that changes the tables begins with, so that one process at a time does.
    var beforeMigration: [SQLStatement] {
        switch self {
        // A transaction that writes is alone.
        case .sqlite: []
        // A copy of a large table, or the wait for one, may take its time. The number is Pontoon's own, for "pontoon".
        case .postgreSQL:
            [
                "SET LOCAL statement_timeout = 0", "SET LOCAL lock_timeout = 0",
                "SELECT pg_advisory_xact_lock(31647717582139246)",
            ]
        }
    }

    /// A statement that makes or changes tables, as this database understands it.
    ///
    /// PostgreSQL compares text by the language of the database unless a column says otherwise; SQLite, byte for byte.
    func definition(_ statement: SQLStatement) -> SQLStatement {
        switch self {
        case .sqlite: statement
        case .postgreSQL: SQLStatement(constant: statement.text.replacing(" TEXT", with: " TEXT COLLATE \"C\""))
        }
    }
}
