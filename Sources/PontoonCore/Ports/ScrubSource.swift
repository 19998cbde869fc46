/// Read access to finished objects for a scrub.
package protocol ScrubSource: Sendable {
    /// Opens a finished object; the caller closes the reader.
    /// - Parameters:
    ///   - key: The object.
    ///   - ignoringCache: Whether to read the bytes from the disk even if they are in the page cache; ignored by stores
    ///     that cannot do so.
    /// - Returns: The reader; it throws ``UnreadableObject`` if the disk cannot read the bytes.
    /// - Throws: `.fileNotFound` if the object does not exist; ``UnreadableObject``.
    func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader
    /// Checks that the store is present, so that an unmounted disk is not mistaken for the loss of all objects.
    /// - Throws: An error if the store is missing or unavailable.
    func confirmPresence() async throws
}

/// The error for bytes that the disk or the file system cannot read.
package struct UnreadableObject: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
