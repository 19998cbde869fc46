extension Migration {
    /// The statement that adds the time of the last call that kept an upload to a presigned store alive; 0 if none has.
    static let uploadActivity: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN active_on BIGINT NOT NULL DEFAULT 0"
    ]
}
