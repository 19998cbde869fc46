extension Migration {
    /// Adds the metadata and tags that the file of an unfinished upload will have, as JSON; `NULL` if there are none.
    static let uploadLabels: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN labels TEXT"
    ]
}
