/// Text that must not appear in a log or an error: its description is a placeholder.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// The text itself, to be written only to its destination.
    package let value: String

    package init(_ value: String) { self.value = value }

    package var description: String { "<secret>" }
    package var debugDescription: String { "<secret>" }
}
