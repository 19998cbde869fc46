extension Migration {
    /// The statement that adds an index for counting a user's unfinished uploads of code packages.
    ///
    /// `user_totals` counts only uploads to folders.
    static let packageUploads: [SQLStatement] = [
        """
        CREATE INDEX package_uploads_by_user ON uploads (user_name)
            WHERE state <> 'completed' AND automation_id IS NOT NULL
        """
    ]
}
