/// Text that must not appear in logs or errors; its description is a placeholder.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself; pass it only to the code that needs it, never to a log or an error.
    package let value: String

    package init(_ value: String) { self.value = value }

    /// The SHA-256 of the text in hex, under which tokens and the secrets of upload links are stored.
    ///
    /// One round without salt is sufficient for generated secrets, which have at least 128 random bits.
    package var sha256: String { ContentHash.hex(value) }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
}
