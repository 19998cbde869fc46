/// Text that must not appear in a log or an error: prints a placeholder.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself; write it only where it is meant to go.
    package let value: String

    /// Wraps the text.
    package init(_ value: String) { self.value = value }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
}
