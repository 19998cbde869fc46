/// The records with which an object store compares its objects to find orphans.
///
/// If several servers share the stores, records may be added while they are read, so a missing record does not prove
/// that an object is an orphan. A shared store therefore removes only objects that are old enough for their records to
/// have been committed.
package protocol ObjectRecords: Sendable {
    /// Returns the object keys of all uploads that are not completed.
    func openUploadKeys() async throws -> Set<ObjectKey>
    /// Returns the subset of `keys` under which a finished object is recorded.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}
