import AsyncAlgorithms
import PontoonFoundation
import NIOHTTP1
import NIOPosix
import PontoonCore
import SystemPackage

/// A concurrent uploader, which sends large files in parts and resumes uploads that an earlier run left unfinished.
///
/// If the task is cancelled, the journals in ``UploadOptions/stateDirectory`` are retained, and repeating the call
/// resumes the uploads.
public struct Uploader: Sendable {
    let client: SevenBridgesClient
    let options: UploadOptions

    /// Maximum number of parts in flight with ``TransferOptions/Concurrency/automatic``.
    static let maximumConcurrency = 64

    /// Creates an uploader for the destination in `options`.
    public init(_ client: SevenBridgesClient, options: UploadOptions) {
        self.client = client
        self.options = options
    }

    /// Uploads files.
    ///
    /// A file that fails does not stop the others; its error is in its result. After an error that affects all files,
    /// such as an invalid token, the files not yet started fail with the same error. If the task is cancelled, the
    /// unfinished files have the outcome ``TransferOutcome/cancelled``.
    ///
    /// - Parameters:
    ///   - items: The files; earlier ones have priority, but those with ``UploadItem/isLast`` are sent last.
    ///   - observe: Consumes progress events. The transfer applies back-pressure while events are not consumed.
    /// - Returns: The result of each file, in the order of `items`.
    /// - Throws: ``APIError`` or ``ClientError`` if no file could be started; `CancellationError` if the task is
    ///   cancelled before the first file is started.
    @discardableResult
    public func upload(
        _ items: [UploadItem],
        observe: @Sendable (UploadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [UploadResult] {
        try check(items)
        let sizes = Self.sizes(items)
        // Uploads of small files spend most of their time waiting for responses, so more of them run concurrently.
        let isSmall = sizes.clampedSum / Int64(max(1, items.count)) < 1 << 20
        return try await TransferContext.withContext(
            for: client,
            options: options.transfer,
            automatic: AutomaticConcurrency(start: isSmall ? 32 : 4, limit: Self.maximumConcurrency),
            board: ProgressBoard(sizes: sizes),
            observe: observe
        ) { context in
            try await upload(items, in: context)
        }
    }

    private func upload(
        _ items: [UploadItem],
        in context: TransferContext<UploadItem>
    ) async throws -> [UploadResult] {
        let server = try await context.client.index()
        let limits = try await context.client.limits(server)
        let rules = UploadRules(server: server)
        var problems: [Int: ClientError] = [:]
        for (index, item) in items.enumerated() { problems[index] = rules.problem(with: item) }
        await context.emitBegan()
        let state = try options.stateDirectory.map { try StateDirectory($0) }
        let finished = try state.map { try $0.finishedLog(JournalKey(client, options.destination)) }
        return try await withClosing(finished, close: { try $0?.close() }) { [problems] finished in
            var folders = DestinationFolders(options.destination)
            let journals = try state?.journalNames() ?? []
            let earlierJournals = try await context.threads.runIfActive { [options] in
                let key = JournalKey(context.client, options.destination)
                return try EarlierJournals(in: options.transfer.resumes ? state : nil, of: key)
            }
            // With an invalid part size, files are sent in parts, so that ``PartPlan`` reports the error.
            let partSizes = limits.smallestPart...PartSizing.maximumPartSize
            let sendsWhole = server.storesFilesInOneCall && partSizes.contains(options.partSize ?? partSizes.lowerBound)
            let wholeFiles = WholeFileLimit(sendsWhole ? context.memory.chunkSize : nil)
            let archives = ArchiveRules(
                server,
                options,
                items: items,
                sizes: items.indices.map { context.board.size($0) },
                maximumSize: wholeFiles.maximum,
                isJournaled: { [options] item in
                    !journals.isEmpty && journals.contains(JournalKey(client, options.destination, item).fileName)
                }
            )
            let good = items.indices.filter { problems[$0] == nil }
            let isJoining = { archives.contains(items[$0], size: context.board.size($0)) }
            try await folders.prepare(good.lazy.filter { !isJoining($0) }.map { items[$0] }, context.client)
            // Archives create the folders of their files.
            try await folders.prepare(good.lazy.filter(isJoining).map { items[$0] }, creating: false, context.client)
            let job = UploadJob(
                context: context,
                options: options,
                items: items,
                server: server,
                limits: limits,
                state: state,
                finished: finished,
                problems: problems,
                folders: folders,
                openUploads: OpenUploads(context.client, server: server, threads: context.threads),
                journals: journals,
                earlierJournals: earlierJournals,
                wholeFiles: wholeFiles,
                archives: archives
            )
            return try await context.run(job)
        }
    }

    func check(_ items: [UploadItem]) throws {
        let repetitions = items.repetitions { ByteExactString($0.remotePath) }.values.lazy
            .map { $0.filter { items[$0].problem == nil } }.filter { $0.count > 1 }
        if let first = repetitions.min(by: { $0[0] < $1[0] }) {
            let (one, other) = (items[first[0]], items[first[1]])
            throw ClientError(
                .requestInvalid,
                "'\(one.source)' and '\(other.source)' would both be uploaded as '\(other.remotePath)'.",
                advice: "Recreate the folders with --keep-tree, or upload only one of the files."
            )
        }
        guard options.uploadID == nil || items.count == 1 else {
            throw ClientError(
                .requestInvalid,
                "An upload id applies to a single file, but \(items.count) files were given.",
                advice: "Specify only the file that belongs to the upload."
            )
        }
    }

    /// Returns the lengths of the files in bytes; 0 for an empty folder or a file that cannot be uploaded.
    static func sizes(_ items: [UploadItem]) -> [Int64] {
        items.map { $0.problem == nil && !$0.isFolder ? (try? FileStatus($0.source).size) ?? 0 : 0 }
    }
}

extension SevenBridgesClient {
    /// Queries the rate limit, and determines the number of calls per part from the server's extensions.
    ///
    /// - Throws: ``APIError``, ``ClientError``.
    func limits(_ server: ServerIndex) async throws -> PartPlan.Limits {
        var limits = PartPlan.Limits()
        limits.callsPerPart = (server.providesPartInfos ? 0.01 : 1) + (server.acceptsReportsAtCompletion ? 0 : 1)
        _ = try await perform(APIRequest(method: .GET, path: "/rate_limit", purpose: "query the rate limit"))
        // A limit of thousands of calls per second does not slow down any transfer.
        if let rate = rateLimit, rate.limit > 0, rate.limit < 1_000_000 { limits.calls = rate.limit }
        return limits
    }
}

extension JournalKey {
    /// Creates a key that identifies only a destination, not a file.
    ///
    /// It is used to find the destination's log of finished uploads and its journals.
    init(_ client: SevenBridgesClient, _ destination: UploadDestination) {
        self.init(endpoint: client.endpoint.url, destination: destination, source: "", remotePath: "")
    }
}

extension JournalKey {
    /// Creates the key of an item's journal.
    init(_ client: SevenBridgesClient, _ destination: UploadDestination, _ item: UploadItem) {
        self.init(
            endpoint: client.endpoint.url,
            destination: destination,
            source: item.source.absolute,
            remotePath: item.remotePath
        )
    }
}

extension FinishedLog {
    /// Returns the record of an item if its file has not changed since it was uploaded; otherwise `nil`.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: `.stateUnusable`.
    func record(of item: UploadItem) throws -> FinishedRecord? {
        guard !isEmpty, let status = try? FileStatus(item.source) else { return nil }
        return try record(source: item.source.absolute, remotePath: item.remotePath, facts: FileFacts(status))
    }
}
