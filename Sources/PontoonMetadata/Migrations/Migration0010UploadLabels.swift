extension Migration {
    /// The statement that adds the tags and metadata that an upload's file will have, as JSON; `NULL` if there are none
    /// or the upload is completed.
    static let uploadLabels: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN labels TEXT"
    ]
}
