import NIOPosix
import PontoonCore

extension Uploader {
    /// Returns the actions that ``upload(_:observe:)`` would take, without changing anything on the server.
    ///
    /// Compares checksums like an upload. A file may therefore be read completely if an existing file has the same name
    /// and length.
    ///
    /// - Parameters:
    ///   - items: The files.
    ///   - missing: Names of nested folders in the destination, outermost first, that do not exist yet. The upload
    ///     would create them, and the innermost folder would receive the files.
    /// - Returns: The action for each file, in the order of `items`.
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    public func preview(_ items: [UploadItem], in missing: [String] = []) async throws -> UploadPreview {
        try check(items)
        if missing.isEmpty { return try await preview(placed: items) }
        let preview = try await preview(placed: items.map { $0.placed(in: missing) })
        let entries = zip(items, preview.entries).map { item, entry in
            UploadPreview.Entry(item: item, size: entry.size, plan: entry.plan, action: entry.action)
        }
        return UploadPreview(
            entries: entries,
            limits: preview.limits,
            maximumConcurrency: preview.maximumConcurrency
        )
    }

    private func preview(placed items: [UploadItem]) async throws -> UploadPreview {
        let server = try await client.index()
        let limits = try await client.limits(server)
        let rules = UploadRules(server: server)
        let good = items.indices.filter { rules.problem(with: items[$0]) == nil }
        var folders = DestinationFolders(options.destination)
        try await folders.prepare(good.lazy.map { items[$0] }, creating: false, client)
        let refusal = try await refusal()
        let state = try options.stateDirectory.map { try StateDirectory($0) }
        let finished = try state?.finishedLog(JournalKey(client, options.destination))
        let earlierJournals = try await NIOThreadPool.singleton.runIfActive { [options, client] in
            let key = JournalKey(client, options.destination)
            return try EarlierJournals(in: options.transfer.resumes ? state : nil, of: key)
        }
        let entries = try await withClosing(finished, close: { try $0?.close() }) { [folders] finished in
            let planner = UploadPlanner(
                client: client,
                options: options,
                rules: rules,
                refusal: refusal,
                limits: limits,
                totalBytes: Self.sizes(items).clampedSum,
                folders: folders,
                state: state,
                finished: finished,
                openUploads: OpenUploads(client, server: server, threads: .singleton),
                earlierJournals: earlierJournals
            )
            var entries: [UploadPreview.Entry] = []
            entries.reserveCapacity(items.count)
            let size = TransferContext<UploadItem>.filesPerPreparation
            for start in stride(from: 0, to: items.count, by: size) {
                let indices = start..<min(start + size, items.count)
                let existing = try await folders.existing(
                    indices.filter { !items[$0].isFolder && rules.problem(with: items[$0]) == nil },
                    of: items,
                    optionally: options.transfer.conflictPolicy != .skip,
                    client
                )
                entries += try await mapConcurrently(indices, limit: 8) { index in
                    try await planner.entry(items[index], existing[index])
                }
            }
            return entries
        }
        let memory = options.transfer.memory(automaticLimit: Self.maximumConcurrency)
        return UploadPreview(
            entries: Self.holdingBack(entries),
            limits: limits,
            maximumConcurrency: memory.concurrency
        )
    }

    /// Returns the entries, changed so that the files to be sent last fail if any other file would fail.
    private static func holdingBack(_ entries: [UploadPreview.Entry]) -> [UploadPreview.Entry] {
        let failures = entries.count { $0.isFailure && !$0.item.isLast }
        guard let error = ClientError.heldBack(by: failures) else { return entries }
        return entries.map { entry in
            guard entry.item.isLast, !entry.isFailure else { return entry }
            return UploadPreview.Entry(item: entry.item, size: entry.size, plan: nil, action: .fail(error))
        }
    }

    /// Returns the error with which every upload would fail because the user lacks the `write` permission; `nil` if the
    /// user has it, or if the server does not provide the permissions.
    private func refusal() async throws -> ClientError? {
        let project: String? =
            switch options.destination {
            case .project(let id): id
            case .folder(let id): try await client.file(id).project
            }
        guard let project, try await client.project(project).permissions?.write == false else { return nil }
        return ClientError(
            .notAllowed,
            "You cannot upload files to the project '\(project)'.",
            advice: "Ask a project admin for the 'write' permission."
        )
    }
}

/// A planner that decides the action for each file by the same rules as ``UploadJob`` and ``FileUpload``, based on the
/// local files, the journals and the files on the server.
private struct UploadPlanner {
    let client: SevenBridgesClient
    let options: UploadOptions
    let rules: UploadRules
    let refusal: ClientError?
    let limits: PartPlan.Limits
    let totalBytes: Int64
    let folders: DestinationFolders
    let state: StateDirectory?
    let finished: FinishedLog?
    let openUploads: OpenUploads
    let earlierJournals: EarlierJournals

    private typealias Decision = (action: UploadPreview.Action, plan: PartPlan?)

    func entry(
        _ item: UploadItem,
        _ existing: Result<FileDetails, any Error>?
    ) async throws -> UploadPreview.Entry {
        var size: Int64 = 0
        var decision: Decision
        do {
            decision = try await decide(item, existing?.get(), &size)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            decision = (.fail(error), nil)
        }
        return UploadPreview.Entry(item: item, size: size, plan: decision.plan, action: decision.action)
    }

    private func decide(
        _ item: UploadItem,
        _ existing: FileDetails?,
        _ size: inout Int64
    ) async throws -> Decision {
        if let problem = rules.problem(with: item) { throw problem }
        let destination = try folders.destination(of: item)
        if item.isFolder { return (destination == nil ? .send : .alreadyThere, nil) }
        if let existing {
            let record = try await blocking { options.transfer.resumes ? try finished?.record(of: item) : nil }
            switch options.knownOutcome(item, existing: existing, record: record) {
            case nil: break
            case .skipped?: return (.skip, nil)
            default: return (.alreadyThere, nil)
            }
        }
        let source = try await blocking { try SourceFile(item.source) }
        return try await withClosing(source, close: { try $0.close() }) { source in
            size = source.facts.size
            if options.comparesExisting, let existing,
                try await blocking({ try source.checksum(ifIdenticalTo: existing) }) != nil
            {
                return (.alreadyThere, nil)
            }
            let mustNotReplace = options.transfer.conflictPolicy == .fail && existing != nil && options.uploadID == nil
            if !mustNotReplace, let resumed = try await resume(item, source) { return resumed }
            return try await start(item, source, existing)
        }
    }

    /// Returns the action for an upload chosen by the user or left unfinished by an earlier run; `nil` if there is no
    /// such upload.
    private func resume(_ item: UploadItem, _ source: SourceFile) async throws -> Decision? {
        if let id = options.uploadID {
            let plan = try FileUpload.plan(resuming: try await client.upload(id), source)
            return (.resume(uploadID: id), plan)
        }
        let key = JournalKey(
            endpoint: client.endpoint.url,
            destination: options.destination,
            source: item.source.absolute,
            remotePath: item.remotePath
        )
        let head = try await blocking { () -> JournalHead? in
            guard options.transfer.resumes, let state else { return nil }
            let head = try state.head(key)
            guard head != nil || earlierJournals.contains(key) else { return nil }
            let identity = FileIdentity(facts: source.facts, sample: try source.sample())
            guard let head else { return earlierJournals.head(of: identity, elsewhereThan: key) }
            return head.identity.isSame(as: identity) ? head : nil
        }
        guard let head, !head.upload.isEmpty else {
            return try await findOpen(item, source, wasStarting: head != nil)
        }
        do {
            let plan = try FileUpload.plan(resuming: try await client.upload(head.upload), source)
            return (.resume(uploadID: head.upload), plan)
        } catch let error as APIError where error.status == 404 {
            return try await findOpen(item, source, wasStarting: false)
        }
    }

    /// Returns the action for an upload that another machine started or whose journal is missing; `nil` if there is no
    /// such upload.
    private func findOpen(_ item: UploadItem, _ source: SourceFile, wasStarting: Bool) async throws -> Decision? {
        guard options.transfer.resumes, let destination = try folders.destination(of: item) else { return nil }
        let start = UploadStart(destination: destination, name: item.name, size: source.facts.size)
        let found = try await openUploads.find(
            start,
            source,
            partSize: options.partSize,
            adopts: options.adoptsUploads,
            wasStarting: wasStarting
        )
        return found.map { (.resume(uploadID: $0.id), $0.plan) }
    }

    /// Returns the action for a file that would be sent in a new upload.
    ///
    /// - Throws: `.nameTaken`; `.notAllowed` if the user may not upload to the project; the errors of ``PartPlan``.
    private func start(_ item: UploadItem, _ source: SourceFile, _ existing: FileDetails?) async throws -> Decision {
        let plan = try PartPlan(
            size: source.facts.size,
            requestedPartSize: options.partSize,
            totalBytes: totalBytes,
            limits: limits
        )
        if let refusal { throw refusal }
        guard let existing else { return (.send, plan) }
        if options.transfer.conflictPolicy == .rename, let destination = try folders.destination(of: item) {
            return try await rename(item, source, in: destination, plan)
        }
        guard !existing.isFolder else { throw Self.taken(item, by: "A folder", "Choose another name with --name.") }
        if options.transfer.conflictPolicy == .overwrite { return (.replace, plan) }
        guard try await blocking({ try source.checksum(ifIdenticalTo: existing) }) != nil else {
            throw Self.taken(item, by: "A different file", "Use --overwrite or --skip-existing.")
        }
        return (.alreadyThere, nil)
    }

    /// Returns the action for a file that is uploaded under another name because its own name is taken.
    ///
    /// - Throws: `.nameTaken` if ``FileUpload/maximumNames`` other names are taken too; ``APIError``, ``ClientError``.
    private func rename(
        _ item: UploadItem,
        _ source: SourceFile,
        in destination: UploadDestination,
        _ plan: PartPlan
    ) async throws -> Decision {
        for number in 1...FileUpload.maximumNames {
            let name = FileUpload.otherName(item.name, number)
            guard let taken = try await client.file(named: name, in: destination) else { return (.rename(name), plan) }
            if try await blocking({ try source.checksum(ifIdenticalTo: taken) }) != nil { return (.alreadyThere, nil) }
        }
        throw Self.taken(item, by: "A different file", "Rename the file.")
    }

    private static func taken(_ item: UploadItem, by other: String, _ advice: String) -> ClientError {
        ClientError(
            .nameTaken,
            "\(other) named '\(item.remotePath)' already exists at the destination.",
            advice: advice
        )
    }

    private func blocking<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        try await NIOThreadPool.singleton.runIfActive(body)
    }
}
