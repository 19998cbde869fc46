/// The storage used by a project, or by all projects of a user.
///
/// The user who owns a project is charged for everything in it, whoever uploaded it. Code packages are not in a project
/// and do not count.
package struct Usage: Hashable, Sendable {
    /// Total size of the files in bytes; each copy of a file counts in full, although copies share one object.
    package var storedBytes: Int64
    /// Bytes reserved for unfinished uploads.
    ///
    /// An upload of declared size reserves this size until its reservation lapses, and one of unknown size reserves the
    /// parts that the server has stored.
    package var reservedBytes: Int64
    /// Number of files, without folders.
    package var files: Int64
    /// Number of unfinished uploads to folders.
    package var openUploads: Int64

    package init(storedBytes: Int64 = 0, reservedBytes: Int64 = 0, files: Int64 = 0, openUploads: Int64 = 0) {
        self.storedBytes = storedBytes
        self.reservedBytes = reservedBytes
        self.files = files
        self.openUploads = openUploads
    }
}

extension Usage {
    /// Sum of stored and reserved bytes, which ``Quota/bytes`` limits.
    package var bytes: Int64 { storedBytes.addingClamped(reservedBytes) }
    /// Sum of files and unfinished uploads, which ``Quota/files`` limits.
    package var filesAndUploads: Int64 { files.addingClamped(openUploads) }

    /// Returns the sum of two usages or changes; each number is clamped to 64 bits.
    package static func + (one: Usage, other: Usage) -> Usage {
        Usage(
            storedBytes: one.storedBytes.addingClamped(other.storedBytes),
            reservedBytes: one.reservedBytes.addingClamped(other.reservedBytes),
            files: one.files.addingClamped(other.files),
            openUploads: one.openUploads.addingClamped(other.openUploads)
        )
    }

    /// The change that undoes a change of this size.
    package var negated: Usage {
        Usage(
            storedBytes: storedBytes.negatedClamped,
            reservedBytes: reservedBytes.negatedClamped,
            files: files.negatedClamped,
            openUploads: openUploads.negatedClamped
        )
    }
}

/// The limits in force for the usage of a project or user; `nil` means no limit.
///
/// A limit may be lower than the usage. Only growth is then refused.
package struct Quota: Hashable, Sendable {
    /// Maximum sum of stored and reserved bytes, 0 or more.
    package var bytes: Int64?
    /// Maximum sum of files and unfinished uploads, 0 or more, because each unfinished upload may become a file.
    package var files: Int64?
    /// Maximum number of unfinished uploads, 0 or more.
    package var openUploads: Int64?

    package init(bytes: Int64? = nil, files: Int64? = nil, openUploads: Int64? = nil) {
        self.bytes = bytes
        self.files = files
        self.openUploads = openUploads
    }

    /// Whether there is no limit.
    package var isUnlimited: Bool { bytes == nil && files == nil && openUploads == nil }
}

/// A usage and the limits in force for it.
package struct UsageReport: Hashable, Sendable {
    package var usage: Usage
    /// The subject's own limits and, where it has none, the defaults of the settings.
    package var quota: Quota

    package init(usage: Usage, quota: Quota) {
        self.usage = usage
        self.quota = quota
    }
}

/// The user or project to which a usage and a quota belong.
package enum UsageSubject: Hashable, Sendable {
    /// The user with this name, as the owner of projects.
    case user(String)
    case project(ProjectID)
}

/// The usage of all projects of a user.
package struct UserUsage: Hashable, Sendable {
    package let userName: String
    package let report: UsageReport

    package init(userName: String, report: UsageReport) {
        self.userName = userName
        self.report = report
    }
}

/// The usage of one project.
package struct ProjectUsage: Hashable, Sendable {
    package let id: ProjectID
    /// Name of the user who is charged.
    package let owner: String
    package let report: UsageReport

    package init(id: ProjectID, owner: String, report: UsageReport) {
        self.id = id
        self.owner = owner
        self.report = report
    }
}

/// One limit as an operator sets it.
package enum QuotaValue: Hashable, Sendable {
    /// The default of the settings; no limit where there is no such setting.
    case byDefault
    case unlimited
    /// A limit, 0 or more, and less than `Int64.max`.
    case limit(Int64)
}

/// The limits that an operator has set for a user or project.
package struct StoredQuota: Hashable, Sendable {
    package var bytes: QuotaValue
    package var files: QuotaValue
    package var openUploads: QuotaValue

    package init(
        bytes: QuotaValue = .byDefault,
        files: QuotaValue = .byDefault,
        openUploads: QuotaValue = .byDefault
    ) {
        self.bytes = bytes
        self.files = files
        self.openUploads = openUploads
    }

    /// Returns the limits in force, where `defaultBytes` is the limit on bytes of the settings; `nil` for none.
    package func effective(defaultBytes: Int64?) -> Quota {
        Quota(
            bytes: bytes.effective(byDefault: defaultBytes),
            files: files.effective(byDefault: nil),
            openUploads: openUploads.effective(byDefault: nil)
        )
    }
}

extension QuotaValue {
    fileprivate func effective(byDefault: Int64?) -> Int64? {
        switch self {
        case .byDefault: byDefault
        case .unlimited: nil
        case .limit(let limit): limit
        }
    }
}

/// Changes to the limits of a user or project; `nil` keeps the current value.
package struct QuotaChange: Hashable, Sendable {
    package var bytes: QuotaValue?
    package var files: QuotaValue?
    package var openUploads: QuotaValue?

    package init(bytes: QuotaValue? = nil, files: QuotaValue? = nil, openUploads: QuotaValue? = nil) {
        self.bytes = bytes
        self.files = files
        self.openUploads = openUploads
    }
}

/// The limits of the settings, for users and projects without individual limits.
package struct DefaultQuotas: Hashable, Sendable {
    /// Maximum bytes of a user, 0 or more; `nil` for no limit.
    package var userBytes: Int64?
    /// Maximum bytes of a project, 0 or more; `nil` for no limit.
    package var projectBytes: Int64?

    package init(userBytes: Int64? = nil, projectBytes: Int64? = nil) {
        self.userBytes = userBytes
        self.projectBytes = projectBytes
    }
}
