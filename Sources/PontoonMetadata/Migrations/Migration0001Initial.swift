extension Migration {
    /// The statements that create the tables of the first version.
    static let initial = identity + projects + files + uploads + upkeep

    private static let identity: [SQLStatement] = [
        """
        CREATE TABLE users (
            name TEXT NOT NULL PRIMARY KEY,
            created_on BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE tokens (
            id TEXT NOT NULL PRIMARY KEY,
            user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            hash TEXT NOT NULL UNIQUE,
            created_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX tokens_by_user ON tokens (user_name, created_on)",
    ]

    // name_folded is the name lower-cased by Swift, because SQLite's LOWER handles ASCII only.
    private static let projects: [SQLStatement] = [
        """
        CREATE TABLE projects (
            id TEXT NOT NULL PRIMARY KEY,
            uuid TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL REFERENCES users (name),
            name TEXT NOT NULL,
            name_folded TEXT NOT NULL,
            description TEXT NOT NULL,
            settings TEXT NOT NULL,
            billing_group TEXT NOT NULL,
            root_folder TEXT NOT NULL,
            created_by TEXT NOT NULL,
            created_on BIGINT NOT NULL,
            modified_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX projects_by_owner ON projects (owner)",
        """
        CREATE TABLE project_tags (
            project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
            position BIGINT NOT NULL,
            tag TEXT NOT NULL,
            PRIMARY KEY (project_id, position)
        )
        """,
        """
        CREATE TABLE members (
            project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
            user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            can_read BIGINT NOT NULL,
            can_copy BIGINT NOT NULL,
            can_write BIGINT NOT NULL,
            can_execute BIGINT NOT NULL,
            can_admin BIGINT NOT NULL,
            PRIMARY KEY (project_id, user_name)
        )
        """,
        "CREATE INDEX members_by_user ON members (user_name)",
    ]

    private static let files: [SQLStatement] = [
        """
        CREATE TABLE objects (
            key TEXT NOT NULL PRIMARY KEY,
            size BIGINT NOT NULL,
            crc64 TEXT,
            md5 TEXT,
            created_on BIGINT NOT NULL
        )
        """,
        // Root folders have no parent, so the UNIQUE constraint does not apply to their names.
        """
        CREATE TABLE files (
            id TEXT NOT NULL PRIMARY KEY,
            project_id TEXT NOT NULL REFERENCES projects (id),
            parent_id TEXT REFERENCES files (id),
            name TEXT NOT NULL,
            kind TEXT NOT NULL,
            object_key TEXT REFERENCES objects (key),
            created_on BIGINT NOT NULL,
            modified_on BIGINT NOT NULL,
            UNIQUE (parent_id, name)
        )
        """,
        "CREATE INDEX files_by_project ON files (project_id)",
        "CREATE INDEX files_by_object ON files (object_key)",
        """
        CREATE TABLE file_tags (
            file_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
            position BIGINT NOT NULL,
            tag TEXT NOT NULL,
            PRIMARY KEY (file_id, position)
        )
        """,
        "CREATE INDEX file_tags_by_tag ON file_tags (tag, file_id)",
        """
        CREATE TABLE file_metadata (
            file_id TEXT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (file_id, key)
        )
        """,
        "CREATE INDEX file_metadata_by_value ON file_metadata (key, value, file_id)",
    ]

    // parent_id is not a foreign key, because the folder of an unfinished upload may be deleted. The upload then cannot
    // be completed.
    private static let uploads: [SQLStatement] = [
        """
        CREATE TABLE uploads (
            id TEXT NOT NULL PRIMARY KEY,
            user_name TEXT NOT NULL REFERENCES users (name),
            project_id TEXT NOT NULL REFERENCES projects (id),
            parent_id TEXT NOT NULL,
            parent_was_named BIGINT NOT NULL,
            name TEXT NOT NULL,
            size BIGINT,
            part_size BIGINT NOT NULL,
            md5 TEXT,
            overwrites BIGINT NOT NULL,
            object_key TEXT NOT NULL UNIQUE,
            initiated_on BIGINT NOT NULL,
            state TEXT NOT NULL,
            file_id TEXT,
            completed_on BIGINT
        )
        """,
        "CREATE INDEX uploads_by_user ON uploads (user_name, initiated_on, id) WHERE state <> 'completed'",
        "CREATE INDEX uploads_by_state ON uploads (state, initiated_on, id)",
        "CREATE INDEX uploads_by_end ON uploads (completed_on) WHERE completed_on IS NOT NULL",
        "CREATE INDEX uploads_by_project ON uploads (project_id)",
        """
        CREATE TABLE parts (
            upload_id TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
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
    ]

    private static let upkeep: [SQLStatement] = [
        """
        CREATE TABLE discarded_objects (
            key TEXT NOT NULL PRIMARY KEY,
            discarded_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX discarded_objects_by_time ON discarded_objects (discarded_on, key)",
        """
        CREATE TABLE signing_keys (
            id TEXT NOT NULL PRIMARY KEY,
            secret TEXT NOT NULL,
            created_on BIGINT NOT NULL
        )
        """,
    ]
}
