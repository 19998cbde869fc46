/// The records with which an object store compares its objects to find orphans.
///
/// If several servers share the stores, the records change while they are read, so a missing record does not prove that
/// an object is an orphan: a shared store removes only objects that are older than any record that could still be
/// missing.
package protocol ObjectRecords: Sendable {
    /// Returns the object keys of all uploads that are not completed.
    func openUploadKeys() async throws -> Set<ObjectKey>
    /// Returns those keys under which a finished object is recorded.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}
