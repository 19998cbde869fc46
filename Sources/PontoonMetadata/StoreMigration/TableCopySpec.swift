/// A table to copy from one database to another.
struct TableCopySpec: Sendable {
    let name: String
    /// Columns of the primary key, in order.
    let key: [String]
    /// The SQL condition that selects the rows, without parameters.
    var condition = "1 = 1"

    /// All tables to copy, ordered so that every row is copied after the rows that it references.
    ///
    /// Within `files`, ``MetadataCopy`` copies folders first.
    ///
    /// The tables `schema_migrations`, `leases`, `properties` and `moved_objects` are not copied, because they describe
    /// one database or its servers. `password_attempts` is not copied either, because it is outdated within minutes.
    static let all = [
        TableCopySpec(name: "users", key: ["name"]),
        TableCopySpec(name: "tokens", key: ["id"]),
        TableCopySpec(name: "projects", key: ["id"]),
        TableCopySpec(name: "project_tags", key: ["project_id", "position"]),
        TableCopySpec(name: "members", key: ["project_id", "user_name"]),
        TableCopySpec(name: "objects", key: ["key"]),
        TableCopySpec(name: "files", key: ["id"]),
        TableCopySpec(name: "file_tags", key: ["file_id", "position"]),
        TableCopySpec(name: "file_metadata", key: ["file_id", "key"]),
        TableCopySpec(name: "automations", key: ["id"]),
        TableCopySpec(name: "package_files", key: ["id"]),
        TableCopySpec(name: "packages", key: ["id"]),
        TableCopySpec(name: "upload_links", key: ["id"]),
        TableCopySpec(name: "sender_sessions", key: ["id"]),
        TableCopySpec(name: "uploads", key: ["id"]),
        TableCopySpec(name: "parts", key: ["upload_id", "number"]),
        TableCopySpec(name: "discarded_objects", key: ["key"]),
        TableCopySpec(name: "signing_keys", key: ["id"]),
        TableCopySpec(name: "folder_totals", key: ["folder_id", "shard"]),
        TableCopySpec(name: "user_totals", key: ["user_name", "shard"]),
        TableCopySpec(name: "project_usage", key: ["project_id", "shard"]),
        TableCopySpec(name: "user_usage", key: ["user_name", "shard"]),
        TableCopySpec(name: "project_quotas", key: ["project_id"]),
        TableCopySpec(name: "user_quotas", key: ["user_name"]),
        TableCopySpec(name: "events", key: ["id"]),
        TableCopySpec(name: "file_jobs", key: ["id"]),
        TableCopySpec(name: "file_job_items", key: ["job_id", "position"]),
        TableCopySpec(name: "file_job_folders", key: ["job_id", "depth"]),
        TableCopySpec(name: "webhooks", key: ["id"]),
        TableCopySpec(name: "webhook_deliveries", key: ["webhook_id", "event_id"]),
    ]

    /// Returns up to `limit` rows after `row`, ordered by key; `nil` starts with the first row.
    func rows(_ connection: any SQLConnection, after row: SQLRow?, limit: Int) throws -> [SQLRow] {
        var select = SQLBuilder("SELECT * FROM \(name) WHERE \(condition)")
        if let row {
            select.append(" AND (\(key.joined(separator: ", "))) > ")
            select.append(list: try key.map { try row.value($0) })
        }
        select.append(" ORDER BY \(key.joined(separator: ", ")) LIMIT \(limit)")
        return try connection.query(select)
    }
}

extension SQLConnection {
    /// Adds rows from another database; ignores rows whose keys already exist in the table.
    func add(_ rows: [SQLRow], to table: TableCopySpec) throws {
        guard let columns = rows.first?.columns else { return }
        try insert(
            into: "\(table.name) (\(columns.joined(separator: ", ")))",
            rows: try rows.map { row in try columns.map { try row.value($0) } },
            conflict: "ON CONFLICT DO NOTHING"
        )
    }
}
