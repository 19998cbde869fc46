extension Migration {
    /// Adds the handle by which an object store finds an unfinished upload, also to discarded objects, which have no other
    /// record.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
