extension Migration {
    /// The statements that add upload links, the sessions of their senders and the counts of password attempts.
    ///
    /// An upload that was created through a link contains the ids of the link and the session.
    static let uploadLinks: [SQLStatement] = [
        // folder_id is not a foreign key, because the folder may be deleted. The link can then no longer be used.
        """
        CREATE TABLE upload_links (
            id TEXT NOT NULL PRIMARY KEY,
            secret_hash TEXT NOT NULL UNIQUE,
            project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
            folder_id TEXT NOT NULL,
            name TEXT NOT NULL,
            note TEXT NOT NULL,
            password_hash TEXT,
            max_files BIGINT,
            max_bytes BIGINT,
            received_files BIGINT NOT NULL,
            received_bytes BIGINT NOT NULL,
            folders BIGINT NOT NULL,
            created_by TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            created_on BIGINT NOT NULL,
            expires_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX upload_links_by_project ON upload_links (project_id, created_on DESC, id)",
        "CREATE INDEX upload_links_by_user ON upload_links (created_by)",
        "CREATE INDEX upload_links_by_expiry ON upload_links (expires_on, id)",
        """
        CREATE TABLE sender_sessions (
            id TEXT NOT NULL PRIMARY KEY,
            token_hash TEXT NOT NULL UNIQUE,
            link_id TEXT NOT NULL REFERENCES upload_links (id) ON DELETE CASCADE,
            sender TEXT,
            folder_id TEXT,
            created_on BIGINT NOT NULL,
            used_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX sender_sessions_by_link ON sender_sessions (link_id, used_on, id)",
        "CREATE INDEX sender_sessions_by_use ON sender_sessions (used_on)",
        """
        CREATE TABLE password_attempts (
            link_id TEXT NOT NULL REFERENCES upload_links (id) ON DELETE CASCADE,
            address TEXT NOT NULL,
            attempts BIGINT NOT NULL,
            began_on BIGINT NOT NULL,
            PRIMARY KEY (link_id, address)
        )
        """,
        "CREATE INDEX password_attempts_by_time ON password_attempts (began_on)",
        "ALTER TABLE uploads ADD COLUMN link_id TEXT REFERENCES upload_links (id) ON DELETE SET NULL",
        "ALTER TABLE uploads ADD COLUMN sender_session TEXT",
        "CREATE INDEX uploads_by_link ON uploads (link_id, state, size) WHERE link_id IS NOT NULL",
        """
        CREATE INDEX uploads_by_sender ON uploads (sender_session, initiated_on, id)
            WHERE sender_session IS NOT NULL AND state <> 'completed'
        """,
    ]
}
