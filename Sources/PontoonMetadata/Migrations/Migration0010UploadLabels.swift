extension Migration {
    /// The statement that adds the labels of an unfinished upload's future file, as JSON; `NULL` if there are none.
    static let uploadLabels: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN labels TEXT"
    ]
}
