/// A user who belongs to a project.
package struct Member: Hashable, Sendable {
    package let userName: String
    package let permissions: Permissions

    package init(userName: String, permissions: Permissions) {
        self.userName = userName
        self.permissions = permissions
    }
}

/// A caller's description of a user to add to a project.
package struct NewMember: Hashable, Sendable {
    /// The user's name, not validated; `nil` if the request has none.
    package let userName: String?
    /// The user's email address, not validated; used only without a name.
    package let email: String?
    /// The user's permissions in the project.
    package let permissions: Permissions

    package init(userName: String?, email: String?, permissions: Permissions) {
        self.userName = userName
        self.email = email
        self.permissions = permissions
    }
}
