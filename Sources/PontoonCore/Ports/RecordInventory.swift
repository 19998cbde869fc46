/// The records of objects, to be compared with the contents of an object store.
package protocol RecordInventory: Sendable {
    /// Returns at most `limit` recorded objects, ordered by key, whose keys follow `key`; `nil` starts with the first.
    func recordedObjects(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Returns the subset of `keys` that belong to a recorded object, an unfinished upload, or a discarded object whose
    /// bytes have not been removed yet.
    func knownKeys(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
    /// Returns at most `limit` files that use an object.
    func fileReferences(to key: ObjectKey, limit: Int) async throws -> [FileReference]
}

/// The id, owner and name of a file that uses an object, for use in messages.
package struct FileReference: Hashable, Sendable {
    package let id: String
    /// Id of the project, or of the automation if the file belongs to a code package.
    package let owner: String
    package let name: String

    package init(id: String, owner: String, name: String) {
        self.id = id
        self.owner = owner
        self.name = name
    }
}
