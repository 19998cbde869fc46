extension Migration {
    /// The statements that add quotas, and counters of the storage that projects and their owners use.
    ///
    /// `uploads.reserved_bytes` is the share of an unfinished upload in `project_usage.reserved_bytes`. It has no
    /// meaning for completed uploads. `has_lapsed` is 1 while the reservation is reduced to the stored parts. A `NULL`
    /// quota stands for the default in the settings, and 9223372036854775807 means unlimited. The upper bounds of the
    /// counters keep sums within 64 bits.
    static let quotas: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN reserved_bytes BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE uploads ADD COLUMN has_lapsed BIGINT NOT NULL DEFAULT 0",
        """
        UPDATE uploads SET reserved_bytes = COALESCE(
            size, (SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM parts WHERE upload_id = uploads.id)
        )
        WHERE state <> 'completed' AND project_id IS NOT NULL
        """,
        """
        CREATE TABLE project_usage (
            project_id TEXT NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
            stored_bytes BIGINT NOT NULL,
            reserved_bytes BIGINT NOT NULL,
            files BIGINT NOT NULL,
            open_uploads BIGINT NOT NULL,
            CHECK (stored_bytes <= 4611686018427387904 AND reserved_bytes <= 4611686018427387904)
        )
        """,
        """
        INSERT INTO project_usage (project_id, stored_bytes, reserved_bytes, files, open_uploads)
        SELECT id, (
            SELECT CAST(COALESCE(SUM(objects.size), 0) AS BIGINT) FROM files JOIN objects
            ON objects.key = files.object_key WHERE files.project_id = projects.id
        ), (
            SELECT CAST(COALESCE(SUM(uploads.reserved_bytes), 0) AS BIGINT) FROM uploads
            WHERE uploads.project_id = projects.id AND uploads.state <> 'completed'
        ), (
            SELECT COUNT(*) FROM files WHERE files.project_id = projects.id AND files.kind = 'file'
        ), (
            SELECT COUNT(*) FROM uploads WHERE uploads.project_id = projects.id AND uploads.state <> 'completed'
        )
        FROM projects
        """,
        """
        CREATE TABLE user_usage (
            user_name TEXT NOT NULL PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
            stored_bytes BIGINT NOT NULL,
            reserved_bytes BIGINT NOT NULL,
            files BIGINT NOT NULL,
            open_uploads BIGINT NOT NULL,
            CHECK (stored_bytes <= 4611686018427387904 AND reserved_bytes <= 4611686018427387904)
        )
        """,
        """
        INSERT INTO user_usage (user_name, stored_bytes, reserved_bytes, files, open_uploads)
        SELECT projects.owner, CAST(SUM(stored_bytes) AS BIGINT), CAST(SUM(reserved_bytes) AS BIGINT),
            CAST(SUM(files) AS BIGINT), CAST(SUM(open_uploads) AS BIGINT)
        FROM projects JOIN project_usage ON project_usage.project_id = projects.id GROUP BY projects.owner
        """,
        """
        CREATE TABLE project_quotas (
            project_id TEXT NOT NULL PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
            max_bytes BIGINT,
            max_files BIGINT,
            max_uploads BIGINT
        )
        """,
        """
        CREATE TABLE user_quotas (
            user_name TEXT NOT NULL PRIMARY KEY REFERENCES users (name) ON DELETE CASCADE,
            max_bytes BIGINT,
            max_files BIGINT,
            max_uploads BIGINT
        )
        """,
    ]
}
