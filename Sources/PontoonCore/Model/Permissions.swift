/// One right of a member in a project; the raw value is the API's word.
///
/// Source: docs/api.md#permissions.
package enum Permission: String, CaseIterable, Sendable {
    case read, copy, write, execute, admin
}

/// What a member may do in a project.
///
/// Every member may read, and `admin` brings all other rights along: values that say otherwise cannot be made. Source:
/// docs/api.md#permissions.
package struct Permissions: Hashable, Sendable {
    /// Contents may be downloaded and copied.
    package let copy: Bool
    /// Files may be added, changed and deleted.
    package let write: Bool
    /// Tasks may be run; kept for the clients, Pontoon runs none.
    package let execute: Bool
    /// Members may be managed and the project deleted.
    package let admin: Bool

    /// Names and metadata may be seen; always true.
    package var read: Bool { true }

    /// Joins the rights; `admin` sets the others.
    package init(copy: Bool = false, write: Bool = false, execute: Bool = false, admin: Bool = false) {
        self.copy = copy || admin
        self.write = write || admin
        self.execute = execute || admin
        self.admin = admin
    }

    /// Whether one right is among them.
    package func allows(_ permission: Permission) -> Bool {
        switch permission {
        case .read: read
        case .copy: copy
        case .write: write
        case .execute: execute
        case .admin: admin
        }
    }

    /// These rights with some given or taken: a right that is not named stays, one that another brings along too.
    package func applying(_ change: PermissionsChange) -> Permissions {
        Permissions(
            copy: change[.copy] ?? copy,
            write: change[.write] ?? write,
            execute: change[.execute] ?? execute,
            admin: change[.admin] ?? admin
        )
    }

    /// What the owner has.
    package static let all = Permissions(admin: true)
}

/// Rights that are given (`true`) or taken (`false`).
///
/// `read` may be named and changes nothing.
package typealias PermissionsChange = [Permission: Bool]

/// A user who belongs to a project.
package struct Member: Hashable, Sendable {
    /// The user.
    package let userName: String
    /// What the user may do in the project.
    package let permissions: Permissions

    /// Joins the fields.
    package init(userName: String, permissions: Permissions) {
        self.userName = userName
        self.permissions = permissions
    }
}
