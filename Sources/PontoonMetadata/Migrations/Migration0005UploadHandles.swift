extension Migration {
    /// The statements that add upload handles to uploads and discarded objects.
    ///
    /// Discarded objects need the handles, because the row of an aborted upload no longer exists when its object is
    /// removed.
    static let uploadHandles: [SQLStatement] = [
        "ALTER TABLE uploads ADD COLUMN object_handle TEXT",
        "ALTER TABLE discarded_objects ADD COLUMN handle TEXT",
    ]
}
