/// Read access to finished objects for a scrub.
package protocol ScrubSource: Sendable {
    /// Opens a finished object; the caller closes the reader.
    ///
    /// - Parameters:
    ///   - key: The object.
    ///   - ignoringCache: Whether to read the bytes from the disk even if they are in the page cache; has no effect
    ///     with stores that cannot do so.
    /// - Returns: The reader, which throws ``UnreadableObject`` if the disk cannot read the bytes.
    /// - Throws: `.fileNotFound` if the object does not exist; ``UnreadableObject`` if the disk cannot open it; any
    ///   other error if the store is unavailable.
    func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader
    /// Checks that the store is present, so that an unmounted disk is not mistaken for the loss of all objects.
    ///
    /// - Throws: An error if the store is missing or unavailable.
    func confirmPresence() async throws
}

/// The error for an object that the disk or the file system cannot read, because it is damaged.
package struct UnreadableObject: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
