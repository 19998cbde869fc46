extension Migration {
    /// The statements that add administrators, the archiving of automations and code packages, and the time at which an
    /// automation was last changed, which is `NULL` if it was never changed.
    static let administrators: [SQLStatement] = [
        "ALTER TABLE users ADD COLUMN is_administrator BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN modified_on BIGINT",
        "ALTER TABLE packages ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
    ]
}
