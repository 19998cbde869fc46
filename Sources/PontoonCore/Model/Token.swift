package import PontoonFoundation

/// The set of calls that a token allows.
///
/// The raw value is the name of the scope in the API.
///
/// `CallScopes` in PontoonServer lists the scopes that allow each call.
package enum TokenScope: String, CaseIterable, Sendable {
    /// Every call.
    case full
    /// Calls that read, including downloads.
    case read
    /// Calls that an upload client needs. They cannot replace, change, delete or download files.
    case upload

    /// Returns whether this scope allows every call that `other` allows.
    package func includes(_ other: TokenScope) -> Bool { self == .full || self == other }
}

/// The rights of a token: a scope, and the projects to which it is limited.
///
/// A call is allowed only if both these rights and the permissions of the token's user allow it.
package struct TokenRights: Hashable, Sendable {
    package let scope: TokenScope
    /// The projects to which the token is limited; `nil` if it is not limited.
    package let projects: Set<ProjectID>?

    package init(scope: TokenScope = .full, projects: Set<ProjectID>? = nil) {
        self.scope = scope
        self.projects = projects
    }

    /// The rights to make every call in every project of the user.
    package static let all = TokenRights()

    package func includes(_ project: ProjectID) -> Bool { projects?.contains(project) ?? true }

    /// Returns whether the token may use uploads to a destination.
    ///
    /// Automations belong to no project, so a token that is limited to projects cannot be used to upload code packages.
    package func includes(_ destination: Upload.Destination) -> Bool {
        switch destination {
        case .folder(_, let project, _): includes(project)
        case .automation: projects == nil
        }
    }

    /// Returns whether these rights allow everything that `other` allows.
    package func includes(_ other: TokenRights) -> Bool {
        guard scope.includes(other.scope) else { return false }
        guard let projects else { return true }
        return other.projects.map { $0.isSubset(of: projects) } ?? false
    }
}

/// The properties of a token that its creator chooses.
package struct TokenDetails: Hashable, Sendable {
    /// A description for the user; may be empty, and need not be unique.
    package var name: String
    package var rights: TokenRights
    /// The time from which the token is no longer accepted; `nil` if it does not expire.
    package var expiresOn: Date?

    package init(name: String = "", rights: TokenRights = .all, expiresOn: Date? = nil) {
        self.name = name
        self.rights = rights
        self.expiresOn = expiresOn
    }
}

/// The stored record of an API token: its hash, never the token itself.
package struct TokenRecord: Hashable, Sendable {
    /// Id of the token for lists and revocation: 12 hex digits, not secret.
    package let id: String
    package let userName: String
    /// SHA-256 of the token's UTF-8 bytes, 64 hex digits.
    package let hash: String
    package let createdOn: Date
    package let details: TokenDetails
    /// Id of the token with which this token was created; `nil` if an operator's command or the first start of a server
    /// created it.
    ///
    /// That token may no longer exist.
    package let createdBy: String?
    /// The start, in UTC, of the last day on which the token was used; `nil` if it was never used.
    ///
    /// Recorded about a minute after the use; a use is lost if the server exits before then.
    package let usedOn: Date?

    package init(
        id: String,
        userName: String,
        hash: String,
        createdOn: Date,
        details: TokenDetails = TokenDetails(),
        createdBy: String? = nil,
        usedOn: Date? = nil
    ) {
        self.id = id
        self.userName = userName
        self.hash = hash
        self.createdOn = createdOn
        self.details = details
        self.createdBy = createdBy
        self.usedOn = usedOn
    }

    /// Returns whether a text has the form of a token's id: 12 lower-case hex digits.
    ///
    /// A token itself is longer, so the two cannot be confused.
    package static func isID(_ text: String) -> Bool {
        text.utf8.count == 12 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    package func isExpired(now: Date) -> Bool { details.expiresOn.map { $0 <= now } ?? false }
}

/// A token that was revoked because the last project to which it was limited was deleted.
package struct RevokedToken: Hashable, Sendable {
    /// Maximum number of revoked tokens that the deletion of one project reports; any others are also revoked.
    package static let maximumReported = 1000

    package let id: String
    package let userName: String

    package init(id: String, userName: String) {
        self.id = id
        self.userName = userName
    }

    /// The token for the audit log, with the action `token.revoke`.
    package var auditObject: AuditEntry.Object {
        AuditEntry.Object(id: id, target: userName, action: .tokenRevoke)
    }
}
