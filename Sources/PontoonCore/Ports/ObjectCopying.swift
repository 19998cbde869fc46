/// A store that accepts whole objects from another store.
package protocol ImportingObjectStore: ObjectStore {
    /// Whether the store contains no object.
    func isEmpty() async throws -> Bool
    /// Stores an object, replacing an earlier attempt.
    /// - Parameters:
    ///   - key: The object's key in both stores.
    ///   - reader: Its bytes; may be read at several offsets concurrently, and is left open.
    /// - Returns: The object as stored.
    /// - Throws: If the store is unavailable; the errors of the reader.
    func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject
}
