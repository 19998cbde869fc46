import Foundation
import PontoonCore
import SystemPackage

/// The result of a dry run: the action that an upload would take for each file, and the calls it would need.
public struct UploadPreview: Sendable {
    /// The action that an upload would take for a file.
    public enum Action: Sendable {
        /// The file would be uploaded.
        case send
        /// An unfinished upload would be resumed.
        case resume(uploadID: String)
        /// The file would replace the existing file with that name.
        case replace
        /// No action: an earlier run finished the file.
        case alreadyThere
        /// No action: a file with that name exists, and ``TransferOptions/ConflictPolicy/skip`` is set.
        case skip
        /// The upload of the file would fail.
        case fail(any Error)
    }

    /// The action for one file, with the file's length and its division into parts.
    public struct Entry: Sendable {
        /// The file, as it was passed to the preview.
        public let item: UploadItem
        /// Length of the file in bytes; 0 if it cannot be read or divided into parts.
        public let size: Int64
        /// The division of the file into parts; `nil` if the file would not be sent.
        public let plan: PartPlan?
        /// The action for the file.
        public let action: Action
    }

    /// The files, in order.
    public let entries: [Entry]
    /// The endpoint's rate limit and minimum part size, from which ``calls`` and ``shortestTime`` are estimated.
    public let limits: PartPlan.Limits

    /// Total length in bytes of the files that would be sent, including parts that an earlier run may have sent.
    public var bytes: Int64 { entries.lazy.map { $0.plan == nil ? 0 : $0.size }.clampedSum }
    /// Approximate number of API calls that the upload would need.
    public var calls: Int {
        entries.reduce(0) { calls, entry in
            guard let plan = entry.plan else { return calls }
            return calls + 2 + Int((Double(plan.parts) * limits.callsPerPart).rounded(.up))
        }
    }
    /// Minimum duration of the upload that the rate limit allows; zero if the limit does not slow it down.
    public var shortestTime: Duration {
        guard let allowed = limits.calls, calls > allowed else { return .zero }
        return limits.window * (Double(calls - allowed) / Double(allowed))
    }
}

extension Uploader {
    /// Returns the actions that ``upload(_:observe:)`` would take, without changing anything on the server.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    public func preview(_ items: [UploadItem]) async throws -> UploadPreview {
        try check(items)
        let server = try await client.index()
        let limits = try await client.limits(server)
        var folders = DestinationFolders(options.destination)
        try await folders.prepare(items, lookingUp: items, creating: false, client: client)
        let state = try options.stateDirectory.map { try StateDirectory($0) }
        let finished = try state?.finishedLog(JournalKey(client, options.destination))
        let entries = try await withClosing(finished, close: { try $0?.close() }) { finished in
            let planner = PreviewPlanner(
                client: client,
                options: options,
                limits: limits,
                totalBytes: Self.totalSize(items),
                folders: folders,
                state: state,
                finished: finished
            )
            return try items.map { try planner.entry($0) }
        }
        return UploadPreview(entries: entries, limits: limits)
    }
}

/// A planner that decides the action for each file from the local files, the journals and the files on the server.
private struct PreviewPlanner {
    let client: SevenBridgesClient
    let options: UploadOptions
    let limits: PartPlan.Limits
    let totalBytes: Int64
    let folders: DestinationFolders
    let state: StateDirectory?
    let finished: FinishedLog?

    func entry(_ item: UploadItem) throws -> UploadPreview.Entry {
        let facts: FileFacts
        let plan: PartPlan
        do {
            let file = try SourceFile(item.source)
            facts = file.facts
            try file.close()
            plan = try PartPlan(
                size: facts.size,
                requestedPartSize: options.partSize,
                totalBytes: totalBytes,
                limits: limits
            )
        } catch {
            return UploadPreview.Entry(item: item, size: 0, plan: nil, action: .fail(error))
        }
        let action = try action(item, facts)
        let isSent =
            switch action {
            case .send, .replace, .resume: true
            case .alreadyThere, .skip, .fail: false
            }
        return UploadPreview.Entry(item: item, size: facts.size, plan: isSent ? plan : nil, action: action)
    }

    private func action(_ item: UploadItem, _ facts: FileFacts) throws -> UploadPreview.Action {
        guard options.transfer.resumes else { return .send }
        let key = JournalKey(
            endpoint: client.endpoint.url,
            destination: options.destination,
            source: item.source.absolute,
            remotePath: item.remotePath
        )
        if let existing = folders.existing(item) {
            let record = finished?.record(source: item.source, remotePath: key.remotePath, facts: facts)
            if let record, record.matches(existing) { return .alreadyThere }
            switch options.transfer.conflictPolicy {
            case .skip: return .skip
            case .overwrite: return .replace
            case .fail:
                return .fail(
                    ClientError(
                        .requestInvalid,
                        "'\(item.remotePath)' already exists at the destination.",
                        advice: "Use --overwrite or --skip-existing."
                    )
                )
            }
        }
        guard let head = try state?.head(key), head.identity.facts.isSame(as: facts) else { return .send }
        return .resume(uploadID: head.upload)
    }
}
