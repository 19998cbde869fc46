import PontoonFoundation

/// A reporter that records the changes made by jobs in the audit log.
struct FileJobReports: Sendable {
    let audit: (any AuditSink)?
    let now: @Sendable () -> Date

    /// Records the change or the failure of a step; does nothing if the step changed nothing and did not fail.
    ///
    /// - Parameters:
    ///   - step: The performed step.
    ///   - entry: The file or folder to which the step applies.
    ///   - project: Project of the entry; `nil` if it is not known.
    ///   - result: The copied, moved or created file or folder, or the existing folder; `nil` if there is none.
    ///   - job: The job.
    func report(
        _ step: FileJobStep,
        on entry: FolderEntry,
        in project: ProjectID?,
        result: File?,
        of job: FileJob
    ) {
        guard let audit else { return }
        var object = AuditEntry.Object(
            id: entry.id,
            name: result?.name ?? (entry.name.isEmpty ? nil : entry.name),
            project: (result?.project ?? project)?.description,
            bytes: result?.content?.size,
            refusal: step.failure?.code
        )
        let action: AuditAction
        switch step.action {
        case .copy: (action, object.target) = (.fileCopy, result?.id)
        case .move: (action, object.target) = (.fileMove, result?.parent)
        case .delete: action = .fileDelete
        case .makeFolder(let folder):
            guard let result, result.id == folder.id else { return }
            (action, object.id) = (.folderCreate, result.id)
        case nil:
            guard step.failure != nil else { return }
            action = job.kind.action
        }
        audit.record(
            AuditEntry(
                time: now(),
                action: action,
                result: step.failure == nil ? .success : .refused,
                actor: AuditEntry.Actor(user: job.userName, token: job.tokenID),
                job: job.id,
                object: object
            )
        )
    }
}

extension FileJob.Kind {
    fileprivate var action: AuditAction {
        switch self {
        case .copy: .fileCopy
        case .move: .fileMove
        case .delete: .fileDelete
        }
    }
}
