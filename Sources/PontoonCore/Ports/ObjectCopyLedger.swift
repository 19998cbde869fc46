/// Records which objects have been copied to another object store, so that an interrupted migration resumes.
package protocol ObjectCopyLedger: Sendable {
    /// Objects that files or packages use and that have not been copied, ordered by key.
    /// - Parameters:
    ///   - key: Returns objects after this key; `nil` starts at the first.
    ///   - limit: Maximum number of objects.
    /// - Returns: The objects; empty at the end.
    /// - Throws: If the store cannot be reached.
    func objectsToCopy(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Records that an object was copied and that the copy was verified.
    func markCopied(_ key: ObjectKey) async throws
    /// Keys of copied objects that are no longer used.
    func orphanedCopies(limit: Int) async throws -> [ObjectKey]
    /// Reverts ``markCopied(_:)``.
    func unmarkCopied(_ key: ObjectKey) async throws
    /// Ids of the files, including package files, that use an object.
    func files(of key: ObjectKey) async throws -> [String]
}
