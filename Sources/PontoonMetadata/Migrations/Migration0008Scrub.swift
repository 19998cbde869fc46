extension Migration {
    /// The statements that add columns for the results of scrubs.
    ///
    /// An object that was never checked has the time of its creation in `checked_on`, or 0 if it was created by an
    /// earlier version.
    static let scrub: [SQLStatement] = [
        "ALTER TABLE objects ADD COLUMN checked_on BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE objects ADD COLUMN verified_on BIGINT",
        "ALTER TABLE objects ADD COLUMN damage TEXT",
        "ALTER TABLE objects ADD COLUMN check_requested_on BIGINT",
        "CREATE INDEX objects_by_check ON objects (checked_on, key)",
        "CREATE INDEX objects_by_damage ON objects (checked_on, key) WHERE damage IS NOT NULL",
        """
        CREATE INDEX objects_by_check_request ON objects (check_requested_on, key)
            WHERE check_requested_on IS NOT NULL
        """,
    ]
}
