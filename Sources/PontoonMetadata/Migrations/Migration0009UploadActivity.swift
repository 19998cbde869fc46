extension Migration {
    /// The statement that adds the time of a client's last recorded activity to uploads; 0 if none was recorded.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
