package import Foundation

/// A user of the API.
package struct User: Hashable, Sendable {
    /// Unique; the first half of the ids of this user's projects.
    package let name: String
    package let createdOn: Date

    package init(name: String, createdOn: Date) {
        self.name = name
        self.createdOn = createdOn
    }

    /// Checks a user name received from a client or an operator.
    ///
    /// - Throws: `.badRequest` unless it is 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit, so that it
    ///   needs no encoding in a path or a project id.
    package static func checkName(_ name: String) throws(PontoonError) {
        let allowed = name.utf8.allSatisfy { byte in
            Character(UnicodeScalar(byte)).isLetter && byte < 128 || (48...57).contains(byte)
                || "._-".utf8.contains(byte)
        }
        guard (1...64).contains(name.utf8.count), allowed, let first = name.first, first.isLetter || first.isNumber
        else {
            throw PontoonError(
                .badRequest,
                "A user name is 1 to 64 letters, digits, '.', '_' or '-' and starts with a letter or digit."
            )
        }
    }
}

/// An API token as it is stored: its hash, never the token itself.
package struct TokenRecord: Hashable, Sendable {
    /// Public, to list and revoke the token: 12 hex digits.
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
}
