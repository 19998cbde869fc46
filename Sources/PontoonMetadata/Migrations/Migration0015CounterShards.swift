extension Migration {
    /// The statements that divide each counter into shards, which add up to its value.
    ///
    /// The existing values become shard 0. Renaming the old tables locks them, so that no change by a previous version
    /// of the server that is still running is lost between the copy and the end of the transaction. Later changes by
    /// that server fail, because they expect one row per counter. The tables are locked in the order in which
    /// transactions change them.
    static let counterShards =
        withShards(
            "user_totals",
            key: "user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE",
            counters: "projects BIGINT NOT NULL, open_uploads BIGINT NOT NULL",
            copied: "user_name, projects, open_uploads"
        )
        + withShards(
            "folder_totals",
            key: "folder_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE",
            counters: "entries BIGINT NOT NULL",
            copied: "folder_id, entries"
        )
        + withShards(
            "project_usage",
            key: "project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE",
            counters: usageCounters,
            copied: "project_id, stored_bytes, reserved_bytes, files, open_uploads"
        )
        + withShards(
            "user_usage",
            key: "user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE",
            counters: usageCounters,
            copied: "user_name, stored_bytes, reserved_bytes, files, open_uploads"
        )

    private static let usageCounters = """
        stored_bytes BIGINT NOT NULL, reserved_bytes BIGINT NOT NULL, files BIGINT NOT NULL,
            open_uploads BIGINT NOT NULL,
            CHECK (stored_bytes <= 4611686018427387904 AND reserved_bytes <= 4611686018427387904)
        """

    /// Returns the statements for one table.
    ///
    /// - Parameters:
    ///   - table: The table of counters.
    ///   - key: The definition of the column that identifies a counter; its first word is the column's name.
    ///   - counters: The definitions of the other columns, and constraints.
    ///   - copied: The columns of the old table.
    /// - Returns: The statements, in order.
    private static func withShards(
        _ table: String,
        key: String,
        counters: String,
        copied: String
    ) -> [SQLStatement] {
        let column = key.prefix { $0 != " " }
        return [
            "ALTER TABLE \(table) RENAME TO old_\(table)",
            """
            CREATE TABLE \(table) (
                \(key),
                shard BIGINT NOT NULL,
                \(counters),
                PRIMARY KEY (\(column), shard)
            )
            """,
            "INSERT INTO \(table) (\(copied), shard) SELECT \(copied), 0 FROM old_\(table)",
            "DROP TABLE old_\(table)",
        ]
        .map(SQLStatement.init(constant:))
    }
}
