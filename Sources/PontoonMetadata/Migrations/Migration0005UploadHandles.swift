extension Migration {
    /// Adds the handle by which an object store finds an unfinished upload: to uploads, and to discarded objects, which
    /// have no other record of it.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
