extension Migration {
    /// The statement that adds an index of each user's unfinished uploads of code packages, which have no counter.
    static let packageUploads: [SQLStatement] = [
        """
        CREATE INDEX package_uploads_by_user ON uploads (user_name)
            WHERE state <> 'completed' AND automation_id IS NOT NULL
        """
    ]
}
