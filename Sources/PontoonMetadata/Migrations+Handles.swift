extension Migration {
    /// How an object store finds an unfinished upload again; noted with discarded objects too, which have no other record.
    static let handles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
