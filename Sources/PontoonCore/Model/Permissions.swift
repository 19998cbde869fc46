/// A permission that a member may have in a project.
///
/// The raw value is its name in the API.
///
/// Source: docs/api.md#permissions.
package enum Permission: String, CaseIterable, Sendable {
    case read, copy, write, execute, admin
}

/// The permissions of a member in a project.
///
/// Every member may read, and `admin` implies all other permissions. The initializer enforces both rules.
///
/// Source: docs/api.md#permissions.
package struct Permissions: Hashable, Sendable {
    /// Whether the member may download and copy files.
    package let copy: Bool
    /// Whether the member may add, change, move and delete files and folders, manage upload links, and change the
    /// project's own fields.
    package let write: Bool
    /// Whether the member may run tasks; has no effect, because Pontoon does not run tasks.
    package let execute: Bool
    /// Whether the member may manage members and webhooks, use other members' uploads, and lock or delete the project.
    package let admin: Bool

    /// Whether the member may see files, folders, metadata and members; always true.
    package var read: Bool { true }

    /// Creates permissions; `admin` sets all others.
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

    /// Returns these permissions with a change applied.
    ///
    /// A permission that the change does not mention keeps its value: revoking `admin` does not revoke the permissions
    /// that it implied. While `admin` is granted, revoking another permission has no effect.
    package func applying(_ change: PermissionsChange) -> Permissions {
        Permissions(
            copy: change[.copy] ?? copy,
            write: change[.write] ?? write,
            execute: change[.execute] ?? execute,
            admin: change[.admin] ?? admin
        )
    }

    /// All permissions, as held by the owner of a project.
    package static let all = Permissions(admin: true)
}

/// Permissions to grant (`true`) or revoke (`false`).
///
/// `read` is accepted but has no effect.
package typealias PermissionsChange = [Permission: Bool]
