extension Migration {
    /// The statements that add automations and their packages, and allow uploads to an automation instead of a folder.
    ///
    /// SQLite cannot drop `NOT NULL` from a column, so uploads, and the parts that reference them, are copied to new
    /// tables.
    static let codePackages: [SQLStatement] = [
        """
        CREATE TABLE automations (
            id TEXT NOT NULL PRIMARY KEY,
            owner TEXT NOT NULL REFERENCES users (name),
            name TEXT NOT NULL,
            description TEXT NOT NULL,
            created_on BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE package_files (
            id TEXT NOT NULL PRIMARY KEY,
            automation_id TEXT NOT NULL REFERENCES automations (id),
            name TEXT NOT NULL,
            object_key TEXT NOT NULL UNIQUE REFERENCES objects (key),
            created_on BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE packages (
            id TEXT NOT NULL PRIMARY KEY,
            automation_id TEXT NOT NULL REFERENCES automations (id),
            file_id TEXT NOT NULL REFERENCES package_files (id),
            version TEXT NOT NULL,
            schema TEXT NOT NULL,
            memory_limit BIGINT,
            python TEXT,
            created_by TEXT NOT NULL,
            created_on BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE new_uploads (
            id TEXT NOT NULL PRIMARY KEY,
            user_name TEXT NOT NULL REFERENCES users (name),
            project_id TEXT REFERENCES projects (id),
            parent_id TEXT,
            parent_was_named BIGINT NOT NULL,
            automation_id TEXT REFERENCES automations (id),
            name TEXT NOT NULL,
            size BIGINT,
            part_size BIGINT NOT NULL,
            md5 TEXT,
            overwrites BIGINT NOT NULL,
            object_key TEXT NOT NULL UNIQUE,
            initiated_on BIGINT NOT NULL,
            state TEXT NOT NULL,
            file_id TEXT,
            completed_on BIGINT,
            CHECK ((project_id IS NULL) = (parent_id IS NULL) AND (project_id IS NULL) <> (automation_id IS NULL))
        )
        """,
        """
        INSERT INTO new_uploads (
            id, user_name, project_id, parent_id, parent_was_named, name, size, part_size, md5, overwrites,
            object_key, initiated_on, state, file_id, completed_on
        )
        SELECT id, user_name, project_id, parent_id, parent_was_named, name, size, part_size, md5, overwrites,
            object_key, initiated_on, state, file_id, completed_on
        FROM uploads
        """,
        """
        CREATE TABLE new_parts (
            upload_id TEXT NOT NULL REFERENCES new_uploads (id) ON DELETE CASCADE,
            number BIGINT NOT NULL,
            size BIGINT NOT NULL,
            etag TEXT NOT NULL,
            crc64 TEXT,
            place TEXT NOT NULL,
            stored_on BIGINT NOT NULL,
            is_reported BIGINT NOT NULL,
            PRIMARY KEY (upload_id, number)
        )
        """,
        """
        INSERT INTO new_parts (upload_id, number, size, etag, crc64, place, stored_on, is_reported)
        SELECT upload_id, number, size, etag, crc64, place, stored_on, is_reported FROM parts
        """,
        "DROP TABLE parts",
        "DROP TABLE uploads",
        "ALTER TABLE new_uploads RENAME TO uploads",
        "ALTER TABLE new_parts RENAME TO parts",
        """
        CREATE INDEX uploads_by_user ON uploads (user_name, initiated_on, id)
        WHERE state <> 'completed' AND automation_id IS NULL
        """,
        "CREATE INDEX uploads_by_state ON uploads (state, initiated_on, id)",
        "CREATE INDEX uploads_by_end ON uploads (completed_on) WHERE completed_on IS NOT NULL",
        "CREATE INDEX uploads_by_project ON uploads (project_id)",
    ]
}
