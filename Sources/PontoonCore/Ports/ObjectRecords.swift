/// The records with which an object store compares its objects to find orphans.
///
/// The records change while other servers work, so a record that is missing is no proof that an object is an orphan: a
/// store removes only objects that are older than any record that could still be missing.
package protocol ObjectRecords: Sendable {
    /// Returns the object keys of all uploads that are not completed.
    func openUploadKeys() async throws -> Set<ObjectKey>
    /// Returns those keys under which a finished object is recorded.
    func recordedObjects(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
}
