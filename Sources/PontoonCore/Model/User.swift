package import PontoonFoundation

/// A user of the API.
package struct User: Hashable, Sendable {
    /// Unique name; the first half of the ids of the projects that the user creates.
    package let name: String
    package let createdOn: Date
    /// Whether the user is a program, which cannot own projects or automations.
    package let isService: Bool
    /// Time at which the user was disabled; `nil` if the user is enabled.
    ///
    /// The tokens and upload links of a disabled user do not work, and the user's webhooks send nothing.
    package let disabledOn: Date?
    /// Unique email address in lower case; `nil` if the user has none.
    package let email: String?
    /// Whether the user may list all users and view their accounts; has no effect on permissions in projects.
    package let isAdministrator: Bool

    package init(
        name: String,
        createdOn: Date,
        isService: Bool = false,
        disabledOn: Date? = nil,
        email: String? = nil,
        isAdministrator: Bool = false
    ) {
        self.name = name
        self.email = email
        self.createdOn = createdOn
        self.isService = isService
        self.disabledOn = disabledOn
        self.isAdministrator = isAdministrator
    }

    /// Checks a user name that a client or an operator has chosen.
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
                "A user name must be 1 to 64 ASCII letters, digits, '.', '_' or '-', and start with a letter or digit."
            )
        }
    }
}

extension User {
    /// Checks an email address that a client or an operator has entered.
    ///
    /// - Returns: The address in lower case, so that addresses can be compared case-insensitively.
    /// - Throws: `.badRequest` unless the address has at most 254 bytes, text on both sides of a single `@`, and
    ///   neither spaces nor control characters.
    package static func email(_ text: String) throws(PontoonError) -> String {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        let isVisible = text.unicodeScalars.allSatisfy { $0.value > 0x20 && !(0x7F...0xA0).contains($0.value) }
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), isVisible, text.utf8.count <= 254 else {
            throw PontoonError(.badRequest, "An email address must have the form name@domain and at most 254 bytes.")
        }
        return text.lowercased()
    }
}

/// A user, as listed for operators.
package struct UserSummary: Hashable, Sendable {
    package let user: User
    /// Number of projects that the user owns.
    package let ownedProjects: Int
    /// Number of the user's tokens, including expired ones that have not been deleted yet.
    package let tokens: Int

    package init(user: User, ownedProjects: Int, tokens: Int) {
        self.user = user
        self.ownedProjects = ownedProjects
        self.tokens = tokens
    }
}
