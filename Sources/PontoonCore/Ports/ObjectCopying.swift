/// An object store that can import whole objects from another one.
package protocol ImportingObjectStore: ObjectStore {
    /// Returns whether the store contains no objects.
    func isEmpty() async throws -> Bool
    /// Stores a copy of an object, replacing the result of an earlier attempt.
    /// - Parameters:
    ///   - key: The object's key in both stores.
    ///   - reader: The object's bytes. It may be read at several offsets concurrently, and is not closed.
    /// - Returns: The object as stored.
    /// - Throws: An error if the store is unavailable; the errors of the reader.
    func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject
}
