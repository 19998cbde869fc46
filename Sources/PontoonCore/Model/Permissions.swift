/// A permission of a member in a project; the raw value is the API's term.
///
/// Source: docs/api.md#permissions.
package enum Permission: String, CaseIterable, Sendable {
    case read, copy, write, execute, admin
}

/// The permissions of a member in a project.
///
/// Every member may read, and `admin` implies all other permissions; other combinations cannot be created.
///
/// Source: docs/api.md#permissions.
package struct Permissions: Hashable, Sendable {
    /// Download and copy files.
    package let copy: Bool
    /// Add, change and delete files.
    package let write: Bool
    /// Run tasks; stored for clients, because Pontoon does not run tasks.
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
    /// Permissions that the change does not name, or that another permission implies, stay.
    package func applying(_ change: PermissionsChange) -> Permissions {
        Permissions(
            copy: change[.copy] ?? copy,
            write: change[.write] ?? write,
            execute: change[.execute] ?? execute,
            admin: change[.admin] ?? admin
        )
    }

    /// The owner's permissions.
    package static let all = Permissions(admin: true)
}

/// Permissions to grant (`true`) or withdraw (`false`).
///
/// `read` is accepted but has no effect.
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
