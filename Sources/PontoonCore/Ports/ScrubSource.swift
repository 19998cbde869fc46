/// Objects that can be read again without disturbing clients.
package protocol ScrubSource: Sendable {
    /// Opens a finished object; the caller closes the reader.
    /// - Parameters:
    ///   - key: The object.
    ///   - ignoringCache: Whether to read the bytes from the disk even if the operating system holds them in memory.
    /// - Returns: The reader; it throws ``UnreadableObject`` if the disk cannot read the bytes.
    /// - Throws: `.fileNotFound` if the object does not exist; ``UnreadableObject``.
    func openForScrub(_ key: ObjectKey, ignoringCache: Bool) async throws -> any ObjectReader
    /// Checks that the store is present, so that an unmounted disk is not taken for the loss of all objects.
    /// - Throws: An error if it is not.
    func confirmPresence() async throws
}

/// The error for bytes that the disk cannot read.
package struct UnreadableObject: Error, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
