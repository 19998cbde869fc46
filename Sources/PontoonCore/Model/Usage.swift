/// The storage used by a project or by all projects of a user, or a change in this storage.
///
/// The owner of a project is charged for everything in it, regardless of who uploaded it. Code packages belong to no
/// project and do not count.
package struct Usage: Hashable, Sendable {
    /// Total size of the files in bytes; each copy of a file counts in full, although copies share one object.
    package var storedBytes: Int64
    /// Bytes reserved for unfinished uploads.
    ///
    /// An upload with a declared size reserves this size, or the total size of its stored parts if that is larger,
    /// until its reservation lapses. An upload without a declared size reserves the size of its stored parts; nothing
    /// in a presigned store, which does not tell their lengths.
    package var reservedBytes: Int64
    /// Number of files, without folders.
    package var files: Int64
    /// Number of unfinished uploads, except those of code packages.
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

    /// Returns the sum of two usages or changes; numbers that would overflow are clamped to the range of `Int64`.
    package static func + (one: Usage, other: Usage) -> Usage {
        Usage(
            storedBytes: one.storedBytes.addingClamped(other.storedBytes),
            reservedBytes: one.reservedBytes.addingClamped(other.reservedBytes),
            files: one.files.addingClamped(other.files),
            openUploads: one.openUploads.addingClamped(other.openUploads)
        )
    }

    /// The change that reverses this change.
    package var negated: Usage {
        Usage(
            storedBytes: storedBytes.negatedClamped,
            reservedBytes: reservedBytes.negatedClamped,
            files: files.negatedClamped,
            openUploads: openUploads.negatedClamped
        )
    }
}

/// The limits in force for a project or user; a limit that is `nil` does not apply.
///
/// A limit may be lower than the current usage. Then only growth is refused.
package struct Quota: Hashable, Sendable {
    /// Maximum sum of stored and reserved bytes, 0 or more.
    package var bytes: Int64?
    /// Maximum number of files and unfinished uploads together, 0 or more.
    ///
    /// Uploads count because each may become a file.
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
    /// The limits set for the subject or, where none is set, the defaults from the settings.
    package var quota: Quota

    package init(usage: Usage, quota: Quota) {
        self.usage = usage
        self.quota = quota
    }
}

/// The user or project that a quota limits.
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

/// One limit, as set by an operator.
package enum QuotaValue: Hashable, Sendable {
    /// The default from the settings; no limit if the settings contain no default for it.
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

    /// Returns the limits in force.
    ///
    /// `defaultBytes` applies if the byte limit is ``QuotaValue/byDefault``; `nil` means no limit.
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

/// The default byte limits from the settings; see ``QuotaValue/byDefault``.
package struct DefaultQuotas: Hashable, Sendable {
    /// Maximum stored and reserved bytes of a user, 0 or more; `nil` for no limit.
    package var userBytes: Int64?
    /// Maximum stored and reserved bytes of a project, 0 or more; `nil` for no limit.
    package var projectBytes: Int64?

    package init(userBytes: Int64? = nil, projectBytes: Int64? = nil) {
        self.userBytes = userBytes
        self.projectBytes = projectBytes
    }
}
