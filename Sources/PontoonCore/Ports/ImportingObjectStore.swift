/// An object store that can import whole objects from another store.
package protocol ImportingObjectStore: ObjectStore {
    /// Returns whether the store contains no finished objects.
    func isEmpty() async throws -> Bool
    /// Stores a copy of an object, replacing the copy of an earlier attempt.
    ///
    /// - Parameters:
    ///   - key: The object's key in both stores.
    ///   - reader: The object's bytes. The store may read at several offsets concurrently; the caller closes the
    ///     reader.
    /// - Returns: The copy as stored, to be compared with the original.
    /// - Throws: An error if the store is unavailable or the reader fails.
    func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject
}
