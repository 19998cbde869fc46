extension Migration {
    /// The statements that add administrators; and the archived automations and code packages, and the times at which
    /// automations were changed, which are `NULL` if they are those of their creation.
    static let administrators: [SQLStatement] = [
        "ALTER TABLE users ADD COLUMN is_administrator BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN modified_on BIGINT",
        "ALTER TABLE packages ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
    ]
}
