/// The records of objects, for comparing them with the contents of an object store.
package protocol RecordInventory: Sendable {
    /// Returns at most `limit` recorded objects after a key, ordered by key; `nil` starts at the first one.
    func recordedObjects(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Returns those of the keys that belong to a recorded object, an unfinished upload, or a discarded object whose
    /// bytes are not removed yet.
    func knownKeys(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
    /// Returns the files that use an object, at most `limit`.
    func fileReferences(to key: ObjectKey, limit: Int) async throws -> [FileReference]
}

/// The id, owner and name of a file that uses an object, for messages.
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
