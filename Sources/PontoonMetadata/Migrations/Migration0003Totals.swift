extension Migration {
    /// The statements that add counters for the lengths of lists, and an index of each user's projects in list order.
    ///
    /// With the counters, queries do not have to count rows.
    static let totals: [SQLStatement] = [
        """
        CREATE TABLE folder_totals (
            folder_id TEXT NOT NULL PRIMARY KEY REFERENCES files (id) ON DELETE CASCADE,
            entries BIGINT NOT NULL
        )
        """,
        """
        INSERT INTO folder_totals (folder_id, entries)
        SELECT parent_id, COUNT(*) FROM files WHERE parent_id IS NOT NULL GROUP BY parent_id
        """,
        """
        CREATE TABLE user_totals (
            user_name TEXT NOT NULL PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
            projects BIGINT NOT NULL,
            open_uploads BIGINT NOT NULL
        )
        """,
        """
        INSERT INTO user_totals (user_name, projects, open_uploads)
        SELECT name, (SELECT COUNT(*) FROM members WHERE user_name = users.name AND can_read = 1), (
            SELECT COUNT(*) FROM uploads
            WHERE user_name = users.name AND state <> 'completed' AND automation_id IS NULL
        )
        FROM users
        """,
        "ALTER TABLE members ADD COLUMN project_created_on BIGINT NOT NULL DEFAULT 0",
        """
        UPDATE members SET project_created_on = (SELECT created_on FROM projects WHERE projects.id = members.project_id)
        """,
        "CREATE INDEX members_by_time ON members (user_name, project_created_on DESC, project_id)",
        // Superseded by the new index.
        "DROP INDEX members_by_user",
    ]
}
