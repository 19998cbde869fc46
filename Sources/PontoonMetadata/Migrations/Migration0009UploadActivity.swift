extension Migration {
    /// The statement that adds the time at which an upload was last kept alive; 0 if never.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
