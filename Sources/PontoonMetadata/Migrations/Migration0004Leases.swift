extension Migration {
    /// The statements that add leases for servers that share a database, properties of the store, and a list of the
    /// objects that were copied to another object store.
    static let leases: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN claim_holder TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE uploads ADD COLUMN claim_expires_on BIGINT NOT NULL DEFAULT 0",
        """
        CREATE TABLE leases (
            task TEXT NOT NULL PRIMARY KEY,
            holder TEXT NOT NULL,
            expires_on BIGINT NOT NULL
        )
        """,
        """
        CREATE TABLE properties (
            name TEXT NOT NULL PRIMARY KEY,
            value TEXT NOT NULL
        )
        """,
        "CREATE TABLE moved_objects (key TEXT NOT NULL PRIMARY KEY)",
    ]
}
