import PontoonCore

/// A database error, with the same classification for SQLite and PostgreSQL.
package struct SQLError: Error, CustomStringConvertible {
    /// The classes of errors that the store distinguishes.
    package enum Kind: Sendable {
        /// Another row already has the values of a unique key.
        case uniqueViolation
        /// A referenced row does not exist, or a row is still referenced.
        case foreignKeyViolation
        /// A value violates a `CHECK` constraint.
        case checkViolation
        /// The disk is full.
        case full
        /// A lock or connection was not available in time, a statement took too long, too many transactions were
        /// already waiting, or every retry of a transaction conflicted with others.
        case busy
        /// Text contains U+0000, which neither database stores.
        case unstorableText
        /// The database cannot be reached, and nothing was changed.
        case unreachable
        /// The connection was lost after the commit was sent, so the transaction may or may not have been committed.
        case outcomeUnknown
        case other
    }

    package let kind: Kind
    /// The error message, without values of rows or parameters.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    /// Whether a unique or foreign-key constraint was violated.
    var isConflict: Bool { kind == .uniqueViolation || kind == .foreignKeyViolation }
}

extension SQLError: TemporaryError {
    package var isTemporary: Bool {
        switch kind {
        case .unreachable, .outcomeUnknown, .busy: true
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .full, .unstorableText, .other: false
        }
    }
}
