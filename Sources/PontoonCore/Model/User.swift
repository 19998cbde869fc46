package import Foundation

/// Somebody who may call the API.
package struct User: Hashable, Sendable {
    /// Unique name; the first half of the ids of this user's projects.
    package let name: String
    /// When the user was added.
    package let createdOn: Date

    /// Joins the fields.
    package init(name: String, createdOn: Date) {
        self.name = name
        self.createdOn = createdOn
    }

    /// Checks a user name from outside.
    ///
    /// - Throws: `.badRequest` unless it is 1 to 64 of `A-Z a-z 0-9 . _ -`, starting with a letter or digit, so that it
    ///   can stand in a path and in a project id as it is.
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

/// An API token as the store keeps it: never the token itself, only its hash.
package struct TokenRecord: Hashable, Sendable {
    /// Public name of the token, for listing and revoking: 12 hex digits.
    package let id: String
    /// The user it stands for.
    package let userName: String
    /// SHA-256 of the token's UTF-8 bytes, 64 hex digits.
    package let hash: String
    /// When it was made.
    package let createdOn: Date

    /// Joins the fields.
    package init(id: String, userName: String, hash: String, createdOn: Date) {
        self.id = id
        self.userName = userName
        self.hash = hash
        self.createdOn = createdOn
    }
}
