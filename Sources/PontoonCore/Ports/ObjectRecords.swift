/// The records with which an object store compares its objects to find orphans.
///
/// If several servers share the stores, records may be added while they are read, so a missing record does not prove
/// that an object is an orphan. A shared object store therefore removes only objects that are old enough for their
/// records to have been committed.
package protocol ObjectRecords: Sendable {
    /// Returns the object keys of all unfinished uploads.
    func openUploadKeys() async throws -> Set<ObjectKey>
    /// Returns those of `keys` that are the keys of recorded finished objects.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}
