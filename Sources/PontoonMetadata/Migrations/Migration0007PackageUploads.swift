extension Migration {
    /// The statement that adds an index of each user's unfinished uploads of code packages.
    ///
    /// The limit of these uploads is checked with this index, because `user_totals` does not count them.
    static let packageUploads: [SQLStatement] = [
        """
        CREATE INDEX package_uploads_by_user ON uploads (user_name)
            WHERE state <> 'completed' AND automation_id IS NOT NULL
        """
    ]
}
