/// A refusal of the database, in the same words for every database.
package struct SQLError: Error, CustomStringConvertible {
    /// What the store must tell apart.
    package enum Kind: Sendable {
        /// Another row has these values.
        case uniqueViolation
        /// A row that is referred to does not exist, or a row is still referred to.
        case foreignKeyViolation
        /// No room on the disk.
        case full
        /// Others kept the database locked for too long, or more wait for it than may.
        case busy
        /// Text with U+0000, which no database of ours keeps.
        case unstorableText
        /// The database cannot be reached; nothing was changed.
        case unreachable
        /// The connection broke after the commit was asked for: whether the transaction took place is not known.
        case outcomeUnknown
        /// Anything else.
        case other
    }

    /// What was refused.
    package let kind: Kind
    /// The database's own words; holds no values.
    package let description: String

    /// Joins the fields.
    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
