extension Migration {
    /// The statements that add service users, disabled users, and the name, rights, expiry, creator and last use of a
    /// token.
    ///
    /// `projects` contains project ids separated by spaces, or `NULL` if the token is not limited. It is not a foreign
    /// key, because a token that is limited to a deleted project must not become unlimited.
    static let tokens: [SQLStatement] = [
        "ALTER TABLE users ADD COLUMN is_service BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE users ADD COLUMN disabled_on BIGINT",
        "ALTER TABLE tokens ADD COLUMN name TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'full'",
        "ALTER TABLE tokens ADD COLUMN projects TEXT",
        "ALTER TABLE tokens ADD COLUMN expires_on BIGINT",
        "ALTER TABLE tokens ADD COLUMN created_by TEXT",
        "ALTER TABLE tokens ADD COLUMN used_on BIGINT",
        "CREATE INDEX tokens_by_expiry ON tokens (expires_on) WHERE expires_on IS NOT NULL",
    ]
}
