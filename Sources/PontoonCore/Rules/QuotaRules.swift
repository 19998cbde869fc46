/// The role of a caller, which determines how much detail an error about a quota contains.
package enum QuotaCaller: Sendable {
    /// The owner of the project, who may know the usage of all their projects.
    case owner
    /// Another member of the project, who may know the usage of this project.
    case member
    /// The sender of an upload link, to whom no names or figures are shown.
    case sender
}

/// The rules that compare usage with quotas.
package enum QuotaRules {
    /// Returns whether a change increases a number that a quota limits.
    package static func limits(_ change: Usage, _ quota: Quota) -> Bool {
        quota.bytes != nil && change.bytes > 0 || quota.files != nil && change.filesAndUploads > 0
            || quota.openUploads != nil && change.openUploads > 0
    }

    /// Checks that a change does not exceed a quota.
    ///
    /// Considers only the numbers that the change increases.
    ///
    /// - Parameters:
    ///   - change: The difference between the usage after and before the change.
    ///   - usage: The usage after the change.
    ///   - quota: The limits.
    ///   - subject: The user or project that has the quota.
    ///   - caller: The caller, whose role determines the details of the message.
    /// - Throws: `.quotaExceeded`, with the usage before the change if the caller may know it.
    package static func check(
        _ change: Usage,
        to usage: Usage,
        _ quota: Quota,
        of subject: UsageSubject,
        caller: QuotaCaller
    ) throws(PontoonError) {
        let earlier = usage + change.negated
        if change.bytes > 0, let limit = quota.bytes, usage.bytes > limit {
            throw refusal(
                caller,
                subject,
                """
                \(subject.text) has a quota of \(limit) bytes: files use \(earlier.storedBytes), unfinished uploads \
                reserve \(earlier.reservedBytes), and \(change.bytes) more do not fit.
                """
            )
        }
        if change.openUploads > 0, let limit = quota.openUploads, usage.openUploads > limit {
            throw refusal(
                caller,
                subject,
                """
                \(subject.text) has a quota of \(counted(limit, "unfinished upload")) and already has \
                \(earlier.openUploads).
                """
            )
        }
        if change.filesAndUploads > 0, let limit = quota.files, usage.filesAndUploads > limit {
            throw refusal(
                caller,
                subject,
                """
                \(subject.text) has a quota of \(counted(limit, "file")) and already has \
                \(counted(earlier.files, "file")) and \(counted(earlier.openUploads, "unfinished upload")).
                """
            )
        }
    }

    private static func counted(_ number: some BinaryInteger, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }

    private static func refusal(_ caller: QuotaCaller, _ subject: UsageSubject, _ reason: String) -> PontoonError {
        var reason = reason
        switch (caller, subject) {
        case (.owner, _), (.member, .project): break
        case (.member, .user):
            reason = "\(subject.text) has too little quota left."
        case (.sender, _):
            return PontoonError(
                .quotaExceeded,
                "There is not enough space for this file at present; contact the person who gave you the link."
            )
        }
        return PontoonError(
            .quotaExceeded,
            "\(reason) Delete files, abort unfinished uploads, or request a larger quota from the server's operator."
        )
    }
}

extension UsageSubject {
    fileprivate var text: String {
        switch self {
        case .user(let name): "The user '\(name)', who owns the project,"
        case .project(let id): "The project '\(id)'"
        }
    }
}
