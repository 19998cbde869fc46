extension Migration {
    /// The statements that add the email addresses of users, in lower case.
    static let userEmails: [SQLStatement] = [
        "ALTER TABLE users ADD COLUMN email TEXT",
        "CREATE UNIQUE INDEX users_by_email ON users (email) WHERE email IS NOT NULL",
    ]
}
