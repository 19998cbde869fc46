package import PontoonFoundation

/// A user of the API.
package struct User: Hashable, Sendable {
    /// Unique name; the first half of the ids of the user's projects.
    package let name: String
    package let createdOn: Date
    /// Whether the user is a program, which cannot own projects or automations.
    package let isService: Bool
    /// The time since which the user's tokens are not accepted; `nil` if the user is not disabled.
    package let disabledOn: Date?

    package init(name: String, createdOn: Date, isService: Bool = false, disabledOn: Date? = nil) {
        self.name = name
        self.createdOn = createdOn
        self.isService = isService
        self.disabledOn = disabledOn
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

/// A user as administrators see it.
package struct UserSummary: Hashable, Sendable {
    package let user: User
    /// Number of projects that the user owns.
    package let ownedProjects: Int
    /// Number of the user's tokens, including expired ones.
    package let tokens: Int

    package init(user: User, ownedProjects: Int, tokens: Int) {
        self.user = user
        self.ownedProjects = ownedProjects
        self.tokens = tokens
    }
}
