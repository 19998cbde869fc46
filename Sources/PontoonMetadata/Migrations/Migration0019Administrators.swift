extension Migration {
    /// The statements that add administrators, archived automations and code packages, and the time of an automation's
    /// last change.
    ///
    /// The time is `NULL` if the automation has not been changed since this migration.
    static let administrators: [SQLStatement] = [
        "ALTER TABLE users ADD COLUMN is_administrator BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE automations ADD COLUMN modified_on BIGINT",
        "ALTER TABLE packages ADD COLUMN is_archived BIGINT NOT NULL DEFAULT 0",
    ]
}
