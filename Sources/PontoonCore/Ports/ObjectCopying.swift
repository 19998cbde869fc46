/// A store that takes whole objects from another one.
package protocol ImportingObjectStore: ObjectStore {
    /// Whether it holds no object at all.
    func isEmpty() async throws -> Bool
    /// Stores an object, in place of an earlier attempt.
    /// - Parameters:
    ///   - key: Its key.
    ///   - reader: Its bytes; left open.
    /// - Returns: What the store holds now.
    /// - Throws: When the store cannot be reached, and what the reader throws.
    func importObject(_ key: ObjectKey, from reader: any ObjectReader) async throws -> FinishedObject
    /// Reads a finished object.
    /// - Throws: `.fileNotFound` when there are no such bytes.
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader
}

/// Which objects there are, and which of them were copied to another store.
package protocol ObjectCopyLedger: Sendable {
    /// Objects that files or packages refer to and that were not copied, by key.
    /// - Parameters:
    ///   - key: Only those after it; `nil` begins.
    ///   - limit: Most that come back.
    /// - Returns: The objects.
    /// - Throws: When the store cannot be reached.
    func objectsToCopy(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Notes that an object was copied, and that both copies were compared.
    func markCopied(_ key: ObjectKey) async throws
    /// Objects that were copied and that nothing refers to any more.
    func orphanedCopies(limit: Int) async throws -> [ObjectKey]
    /// Takes back ``markCopied(_:)``.
    func forgetMoved(_ key: ObjectKey) async throws
    /// Ids of the files that have an object, package files among them.
    func files(of key: ObjectKey) async throws -> [String]
}
