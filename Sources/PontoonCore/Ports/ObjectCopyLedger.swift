/// A record of the objects already copied to another object store, so that an interrupted migration can resume.
package protocol ObjectCopyLedger: ObjectUsers {
    /// Returns objects that files or package files use and that are not recorded as copied, ordered by key.
    ///
    /// - Parameters:
    ///   - key: Only objects with greater keys are returned; `nil` starts with the first object.
    ///   - limit: Maximum number of objects.
    /// - Returns: The objects; empty if there are no more.
    /// - Throws: An error if the store is unavailable.
    func objectsToCopy(after key: ObjectKey?, limit: Int) async throws -> [FileContent]
    /// Records that an object was copied. The copy must have been verified.
    func markCopied(_ key: ObjectKey) async throws
    /// Returns the keys of at most `limit` copied objects that are no longer used, because their files were deleted
    /// since.
    func orphanedCopies(limit: Int) async throws -> [ObjectKey]
    /// Deletes the record that an object was copied.
    ///
    /// The copy must be deleted first. Otherwise, an interruption could leave a copy that no record refers to.
    func unmarkCopied(_ key: ObjectKey) async throws
}
