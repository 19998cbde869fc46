import Foundation
import Glibc
import PontoonCore
import SystemPackage

/// What an upload would do, found out without changing anything.
public struct UploadForecast: Sendable {
    /// What would become of a file.
    public enum Action: Sendable {
        case send
        /// An upload that was begun would be finished.
        case resume(uploadID: String)
        case replace
        /// An earlier run finished it.
        case alreadyThere
        /// Its name is taken, and such files are left out.
        case skip
        /// It would fail.
        case fail(any Error)
    }

    /// A file.
    public struct Entry: Sendable {
        /// The file.
        public let item: UploadItem
        /// Its length in bytes.
        public let size: Int64
        /// How it would be cut; `nil` when it would not be sent.
        public let plan: PartPlan?
        /// What would become of it.
        public let action: Action
    }

    /// The files, in order.
    public let entries: [Entry]
    /// What the endpoint allows.
    public let limits: PartPlan.Limits

    /// Bytes that would be sent, parts of earlier runs included.
    public var bytes: Int64 { entries.reduce(0) { $0 + ($1.plan == nil ? 0 : $1.size) } }
    /// Calls of the API that the files would cost.
    public var calls: Int {
        entries.reduce(0) { calls, entry in
            guard let plan = entry.plan else { return calls }
            return calls + 2 + Int((Double(plan.parts) * limits.callsPerPart).rounded(.up))
        }
    }
    /// How long these calls take at least, by the limit of calls.
    public var shortestTime: Duration {
        guard let allowed = limits.calls, calls > allowed else { return .zero }
        return limits.window * (Double(calls - allowed) / Double(allowed))
    }
}

extension Uploader {
    /// Finds out what ``upload(_:observe:)`` would do; makes and changes nothing.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    public func forecast(_ items: [UploadItem]) async throws -> UploadForecast {
        try check(items)
        let server = try await client.index()
        let limits = try await client.limits(server)
        let total = Self.sizes(items).reduce(0, +)
        var places = RemotePlaces(options.destination)
        try await places.prepare(items, lookingUp: items, making: false, client: client)
        let state = try options.state.map { try StateFolder($0) }
        let finished = try state?.finishedLog(JournalKey(client, options.destination))
        let entries = try items.map { item in
            try entry(item, total, limits, places, state: state, finished: finished)
        }
        try finished?.close()
        return UploadForecast(entries: entries, limits: limits)
    }

    private func entry(
        _ item: UploadItem,
        _ total: Int64,
        _ limits: PartPlan.Limits,
        _ places: RemotePlaces,
        state: StateFolder?,
        finished: FinishedLog?
    ) throws -> UploadForecast.Entry {
        let facts: FileFacts
        let plan: PartPlan
        do {
            let file = try SourceFile(item.source)
            facts = file.facts
            try file.close()
            plan = try PartPlan(size: facts.size, wish: options.partSize, totalBytes: total, limits: limits)
        } catch {
            return UploadForecast.Entry(item: item, size: 0, plan: nil, action: .fail(error))
        }
        let action = try action(item, facts, places, state: state, finished: finished)
        let isSent =
            switch action {
            case .send, .replace, .resume: true
            case .alreadyThere, .skip, .fail: false
            }
        return UploadForecast.Entry(item: item, size: facts.size, plan: isSent ? plan : nil, action: action)
    }

    private func action(
        _ item: UploadItem,
        _ facts: FileFacts,
        _ places: RemotePlaces,
        state: StateFolder?,
        finished: FinishedLog?
    ) throws -> UploadForecast.Action {
        let path = FileUpload.absolutePath(item.source)
        if !options.startsAfresh, let there = places.existing(item) {
            let record = finished?.record(source: path, remotePath: item.remotePath, facts: facts)
            if let record, record.matches(there) { return .alreadyThere }
            if options.skipExisting { return .skip }
            if options.overwrite { return .replace }
            return .fail(
                ClientError(
                    .requestInvalid,
                    "There is a '\(item.remotePath)' already.",
                    advice: "Use --overwrite or --skip-existing."
                )
            )
        }
        let key = JournalKey(
            endpoint: client.endpoint.url,
            destination: options.destination,
            source: path,
            remotePath: item.remotePath
        )
        guard !options.startsAfresh, let head = try state?.head(key), head.identity.facts.isSame(as: facts) else {
            return .send
        }
        return .resume(uploadID: head.upload)
    }
}
