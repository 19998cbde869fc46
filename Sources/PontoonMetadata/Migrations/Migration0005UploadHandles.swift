extension Migration {
    /// The statements that add the handle by which an object store finds an unfinished upload.
    ///
    /// Discarded objects have the handle too, because their uploads have no other record.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
