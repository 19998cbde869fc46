/// The records of objects, to be compared with the contents of an object store.
package protocol RecordInventory: Sendable {
    /// Returns at most `limit` recorded objects, ordered by key, whose keys come after `key`; `nil` starts with the
    /// first object.
    func recordedObjects(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Returns those of `keys` that are the keys of recorded objects, unfinished uploads or discarded objects.
    func knownKeys(among keys: [ObjectKey]) async throws -> Set<ObjectKey>
    /// Returns at most `limit` files and package files that use an object, ordered by id.
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
