/// A permission of a member in a project; the raw value is the API's word.
///
/// Source: docs/api.md#permissions.
package enum Permission: String, CaseIterable, Sendable {
    case read, copy, write, execute, admin
}

/// What a member may do in a project.
///
/// Every member may read, and `admin` implies all other permissions; other combinations cannot be created.
///
/// Source: docs/api.md#permissions.
package struct Permissions: Hashable, Sendable {
    /// Download and copy files.
    package let copy: Bool
    /// Add, change and delete files.
    package let write: Bool
    /// Run tasks; stored for clients, as Pontoon runs none.
    package let execute: Bool
    /// Manage members and delete the project.
    package let admin: Bool

    /// See names and metadata; always true.
    package var read: Bool { true }

    /// `admin` sets the others.
    package init(copy: Bool = false, write: Bool = false, execute: Bool = false, admin: Bool = false) {
        self.copy = copy || admin
        self.write = write || admin
        self.execute = execute || admin
        self.admin = admin
    }

    package func allows(_ permission: Permission) -> Bool {
        switch permission {
        case .read: read
        case .copy: copy
        case .write: write
        case .execute: execute
        case .admin: admin
        }
    }

    /// The permissions after a change.
    ///
    /// Permissions that are not named, or that another one implies, stay.
    package func applying(_ change: PermissionsChange) -> Permissions {
        Permissions(
            copy: change[.copy] ?? copy,
            write: change[.write] ?? write,
            execute: change[.execute] ?? execute,
            admin: change[.admin] ?? admin
        )
    }

    /// Those of the owner.
    package static let all = Permissions(admin: true)
}

/// Permissions to grant (`true`) or withdraw (`false`).
///
/// `read` may be named and changes nothing.
package typealias PermissionsChange = [Permission: Bool]

/// A user who belongs to a project.
package struct Member: Hashable, Sendable {
    package let userName: String
    package let permissions: Permissions

    package init(userName: String, permissions: Permissions) {
        self.userName = userName
        self.permissions = permissions
    }
}
