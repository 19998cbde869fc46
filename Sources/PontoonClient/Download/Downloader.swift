import AsyncAlgorithms
import NIOPosix
import PontoonCore

/// A concurrent downloader that fetches files in byte ranges and resumes the unfinished downloads of earlier runs.
///
/// A file appears at its target only when it is complete and, if the server provides a checksum, verified. While it is
/// being downloaded, its bytes are in a hidden file next to the target. If the download fails or the task is cancelled,
/// the hidden file remains if its bytes are still usable, and repeating the call resumes the download.
public struct Downloader: Sendable {
    let client: SevenBridgesClient
    let options: DownloadOptions

    /// Creates a downloader that requests files with the given client.
    public init(_ client: SevenBridgesClient, options: DownloadOptions = DownloadOptions()) {
        self.client = client
        self.options = options
    }

    /// Downloads files.
    ///
    /// If a file fails, its result contains the error, and the other files are still downloaded. However, if the token
    /// is not valid, all files that have not been started fail with the same error. If the task is cancelled, the
    /// unfinished files have the outcome ``TransferOutcome/cancelled``.
    ///
    /// - Parameters:
    ///   - items: The files to download, in order of priority.
    ///   - observe: Consumes progress events. The transfer applies back-pressure while events are not consumed.
    /// - Returns: The result of each file, in the order of `items`.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if two files have the same target.
    @discardableResult
    public func download(
        _ items: [DownloadItem],
        observe: @Sendable (DownloadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [DownloadResult] {
        try Self.check(items)
        return try await TransferContext.withContext(
            for: client,
            options: options.transfer,
            automatic: AutomaticConcurrency(limit: 32),
            board: ProgressBoard(sizes: items.map { max(0, $0.size ?? 0) }),
            observe: observe
        ) { context in
            await context.emitBegan()
            return try await context.run(DownloadJob(context: context, options: options, items: items))
        }
    }

    static func check(_ items: [DownloadItem]) throws {
        let repetitions = items.repetitions { ByteExactString($0.target.absolute) }.values.lazy
            .map { $0.filter { items[$0].problem == nil } }.filter { $0.count > 1 }
        guard let first = repetitions.min(by: { $0[0] < $1[0] }) else { return }
        let (one, other) = (items[first[0]], items[first[1]])
        throw ClientError(
            .requestInvalid,
            "'\(one.remotePath)' and '\(other.remotePath)' would both be downloaded to '\(other.target)'.",
            advice: "Download them separately, each with a different --output."
        )
    }
}

/// The downloads of one run.
struct DownloadJob: TransferJob {
    let context: TransferContext<DownloadItem>
    let options: DownloadOptions
    let items: [DownloadItem]

    var maximumOpenFiles: Int { min(32, context.memory.concurrency) }
    // Before its first range, a download mostly waits for the server or the disk, so only the ranges need permits.
    let opensFilesUnderPermit = false

    func start(_ file: TransferFile<DownloadItem>) -> TransferStart {
        if let problem = file.item.problem { return .ended(TransferEnding(outcome: .failed(problem))) }
        return .transfer { try await FileDownload(file: file, options: options).run() }
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsToken }
}
