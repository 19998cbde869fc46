extension Migration {
    /// The statements that add upload handles, both to uploads and to discarded objects, whose uploads have no other
    /// record.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
