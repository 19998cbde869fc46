/// A store that accepts whole objects from another store.
package protocol ImportingObjectStore: ObjectStore {
    /// Whether the store contains no object.
    func isEmpty() async throws -> Bool
    /// Stores an object, replacing an earlier attempt.
    /// - Parameters:
    ///   - key: The object's key in both stores.
    ///   - reader: Its bytes; may be read at several offsets at once, and is left open.
    /// - Returns: The object as stored.
    /// - Throws: When the store is unavailable; the errors of the reader.
    func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject
}

/// Records which objects were copied to another store.
package protocol ObjectCopyLedger: Sendable {
    /// Objects that are in use and were not copied, by key.
    /// - Parameters:
    ///   - key: Returns objects after this key; `nil` starts with the first.
    ///   - limit: Objects to return, at most.
    /// - Returns: The objects; none at the end.
    /// - Throws: When the store is unavailable.
    func objectsToCopy(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Records that an object was copied and the copy verified.
    func markCopied(_ key: ObjectKey) async throws
    /// Copied objects that are no longer in use.
    func orphanedCopies(limit: Int) async throws -> [ObjectKey]
    /// Undoes ``markCopied(_:)``.
    func forgetCopied(_ key: ObjectKey) async throws
    /// Ids of the files and package files of an object.
    func files(of key: ObjectKey) async throws -> [String]
}
