package import Foundation

/// A user of the API.
package struct User: Hashable, Sendable {
    /// Unique name; the first half of the ids of the user's projects.
    package let name: String
    package let createdOn: Date

    package init(name: String, createdOn: Date) {
        self.name = name
        self.createdOn = createdOn
    }

    /// Validates a user name received from a client or an operator.
    ///
    /// A valid name needs no encoding in a path or a project id.
    ///
    /// - Throws: `.badRequest` unless the name has 1 to 64 characters from `A-Z a-z 0-9 . _ -` and starts with a letter
    ///   or digit.
    package static func checkName(_ name: String) throws(PontoonError) {
        let allowed = name.utf8.allSatisfy { byte in
            Character(UnicodeScalar(byte)).isLetter && byte < 128 || (48...57).contains(byte)
                || "._-".utf8.contains(byte)
        }
        guard (1...64).contains(name.utf8.count), allowed, let first = name.first, first.isLetter || first.isNumber
        else {
            throw PontoonError(
                .badRequest,
                "A user name must have 1 to 64 letters, digits, '.', '_' or '-', and start with a letter or digit."
            )
        }
    }
}

/// The stored record of an API token: its hash, never the token itself.
package struct TokenRecord: Hashable, Sendable {
    /// Id of the token for lists and revocation: 12 hex digits, not secret.
    package let id: String
    package let userName: String
    /// SHA-256 of the token's UTF-8 bytes, 64 hex digits.
    package let hash: String
    package let createdOn: Date

    package init(id: String, userName: String, hash: String, createdOn: Date) {
        self.id = id
        self.userName = userName
        self.hash = hash
        self.createdOn = createdOn
    }

    /// Returns whether a text has the form of a token's id, which is shorter than any token.
    package static func isID(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }
}
