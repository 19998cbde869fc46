extension Migration {
    /// The statement that adds the time of the last recorded activity of a client in an upload; 0 if none was recorded.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
