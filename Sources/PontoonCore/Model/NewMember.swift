/// A user to add to a project, as the caller identifies them.
package struct NewMember: Hashable, Sendable {
    private let userName: String?
    private let hasEmail: Bool
    private let permissions: Permissions

    /// - Parameters:
    ///   - userName: The user's name, unchecked; `nil` if the caller specified none.
    ///   - hasEmail: Whether the caller specified an email address. Pontoon identifies users by name only.
    ///   - permissions: The user's permissions in the project.
    package init(userName: String?, hasEmail: Bool, permissions: Permissions) {
        self.userName = userName
        self.hasEmail = hasEmail
        self.permissions = permissions
    }

    /// The member to store.
    ///
    /// - Throws: `.memberNameMissing`; `.userNotFound` if the caller specified an email address instead of a name.
    func member() throws(PontoonError) -> Member {
        guard let userName, !userName.allSatisfy(\.isWhitespace) else {
            guard userName == nil, hasEmail else {
                throw PontoonError(.memberNameMissing, "The field 'username' is missing or empty.")
            }
            throw PontoonError(.userNotFound, "Users are identified by name only, not by email address.")
        }
        return Member(userName: userName, permissions: permissions)
    }
}
