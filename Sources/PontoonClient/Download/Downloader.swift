import AsyncAlgorithms
import NIOPosix
import PontoonCore

/// A concurrent downloader, which fetches each file in byte ranges and resumes downloads that an earlier run left
/// unfinished.
///
/// A file appears at its target only when it is complete and verified. Until then, its bytes are in a hidden file next
/// to the target. If the task is cancelled, the hidden file is kept, and the same call resumes the download.
public struct Downloader: Sendable {
    let client: SevenBridgesClient
    let options: DownloadOptions

    /// Creates a downloader of files from the client's API.
    public init(_ client: SevenBridgesClient, options: DownloadOptions = DownloadOptions()) {
        self.client = client
        self.options = options
    }

    /// Downloads files.
    ///
    /// A file that fails does not stop the others; its error is in its result. If the token is not valid, the files not
    /// yet started fail with the same error.
    ///
    /// - Parameters:
    ///   - items: The files; earlier ones have priority.
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
            return await context.run(DownloadJob(context: context, options: options, items: items))
        }
    }

    static func check(_ items: [DownloadItem]) throws {
        var seen: [ByteExactString: DownloadItem] = [:]
        for item in items where item.problem == nil {
            guard let other = seen.updateValue(item, forKey: ByteExactString(item.target.absolute)) else { continue }
            throw ClientError(
                .requestInvalid,
                "'\(other.remotePath)' and '\(item.remotePath)' would both be downloaded to '\(item.target)'.",
                advice: "Download them separately, each with a different --output."
            )
        }
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

    func knownEnding(of file: TransferFile<DownloadItem>) -> TransferEnding? {
        file.item.problem.map { TransferEnding(outcome: .failed($0)) }
    }

    func transfer(_ file: TransferFile<DownloadItem>) async throws -> TransferEnding {
        try await FileDownload(file: file, options: options).run()
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsToken }
}
