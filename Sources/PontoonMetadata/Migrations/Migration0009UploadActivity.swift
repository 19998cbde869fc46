extension Migration {
    /// Adds the time at which a client last showed that it is working on an upload, for stores that clients send parts
    /// to directly; 0 if it never did.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
