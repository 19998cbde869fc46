/// A user who belongs to a project.
package struct Member: Hashable, Sendable {
    package let userName: String
    package let permissions: Permissions

    package init(userName: String, permissions: Permissions) {
        self.userName = userName
        self.permissions = permissions
    }
}

/// A request to add a user to a project.
package struct NewMember: Hashable, Sendable {
    /// The user's name, not validated; `nil` if the request has none.
    package let userName: String?
    /// The user's email address, not validated and compared case-insensitively; used only if ``userName`` is `nil`.
    package let email: String?
    package let permissions: Permissions

    package init(userName: String?, email: String?, permissions: Permissions) {
        self.userName = userName
        self.email = email
        self.permissions = permissions
    }
}
