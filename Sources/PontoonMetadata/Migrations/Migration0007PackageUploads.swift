extension Migration {
    /// The statement that adds an index with which a user's unfinished uploads of code packages are counted;
    /// `user_totals` counts only uploads to folders.
    static let packageUploads: [SQLStatement] = [
        """
        CREATE INDEX package_uploads_by_user ON uploads (user_name)
            WHERE state <> 'completed' AND automation_id IS NOT NULL
        """
    ]
}
