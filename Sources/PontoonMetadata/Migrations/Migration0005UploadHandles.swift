extension Migration {
    /// Adds the handle by which an object store finds an unfinished upload, both to uploads and to discarded objects,
    /// whose uploads have no other record.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
