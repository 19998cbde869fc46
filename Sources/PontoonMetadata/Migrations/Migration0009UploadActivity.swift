extension Migration {
    /// The statement that adds the time of a client's last call that used an upload; 0 if there was none.
    ///
    /// With a presigned object store, the server needs it to detect idle uploads, because it does not see parts arrive.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
