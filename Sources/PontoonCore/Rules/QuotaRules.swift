/// The comparison of usages with quotas.
package enum QuotaRules {
    /// Returns whether a change increases a number that a quota limits.
    package static func limits(_ change: Usage, _ quota: Quota) -> Bool {
        quota.bytes != nil && change.bytes > 0 || quota.files != nil && change.filesAndUploads > 0
            || quota.openUploads != nil && change.openUploads > 0
    }

    /// Checks that a change does not exceed a quota; compares only the numbers that the change increases.
    ///
    /// - Parameters:
    ///   - change: The change, which ``Usage`` values express as differences.
    ///   - usage: The usage after the change.
    ///   - quota: The limits.
    ///   - subject: The user or project to which they belong.
    ///   - isSender: Whether the caller is the sender of an upload link, to whom no names and figures are shown.
    /// - Throws: `.quotaExceeded`, with the usage before the change unless the caller is a sender.
    package static func check(
        _ change: Usage,
        to usage: Usage,
        _ quota: Quota,
        of subject: UsageSubject,
        isSender: Bool
    ) throws(PontoonError) {
        let earlier = usage + change.negated
        if change.bytes > 0, let limit = quota.bytes, usage.bytes > limit {
            throw refusal(
                isSender,
                """
                \(subject.text) has a quota of \(limit) bytes, of which \(earlier.storedBytes) are used by files and \
                \(earlier.reservedBytes) reserved for unfinished uploads; \(change.bytes) more bytes do not fit.
                """
            )
        }
        if change.openUploads > 0, let limit = quota.openUploads, usage.openUploads > limit {
            throw refusal(
                isSender,
                """
                \(subject.text) has a quota of \(limit) unfinished uploads and already has \(earlier.openUploads).
                """
            )
        }
        if change.filesAndUploads > 0, let limit = quota.files, usage.filesAndUploads > limit {
            throw refusal(
                isSender,
                """
                \(subject.text) has a quota of \(limit) files and already has \(earlier.files) files and \
                \(earlier.openUploads) unfinished uploads.
                """
            )
        }
    }

    private static func refusal(_ isSender: Bool, _ reason: String) -> PontoonError {
        if isSender {
            return PontoonError(
                .quotaExceeded,
                "There is not enough space for this file at present; contact the person who gave you the link."
            )
        }
        return PontoonError(
            .quotaExceeded,
            "\(reason) Delete files, abort unfinished uploads, or request a larger quota from the administrator."
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
