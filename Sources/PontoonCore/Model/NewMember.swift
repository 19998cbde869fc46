/// A caller's description of a user to add to a project.
package struct NewMember: Hashable, Sendable {
    private let userName: String?
    private let hasEmail: Bool
    private let permissions: Permissions

    /// - Parameters:
    ///   - userName: The user's name, not validated; `nil` if the request has none.
    ///   - hasEmail: Whether the request has an email address. Pontoon identifies users by name only.
    ///   - permissions: The user's permissions in the project.
    package init(userName: String?, hasEmail: Bool, permissions: Permissions) {
        self.userName = userName
        self.hasEmail = hasEmail
        self.permissions = permissions
    }

    /// Returns the member to store.
    ///
    /// - Throws: `.memberNameMissing` if the name is missing or blank; `.userNotFound` if the request has an email
    ///   address instead of a name.
    func member() throws(PontoonError) -> Member {
        guard let userName, !userName.allSatisfy(\.isWhitespace) else {
            guard userName == nil, hasEmail else {
                throw PontoonError(.memberNameMissing, "The field 'username' is missing or empty.")
            }
            throw PontoonError(.userNotFound, "Users are identified by name, not by email address. Set 'username'.")
        }
        return Member(userName: userName, permissions: permissions)
    }
}
