import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PontoonCore
import Synchronization

/// A folder archive, as returned by the API.
struct FolderArchive: Decodable {
    let url: String
    let name: String
    let size: Int64
}

extension SevenBridgesClient {
    /// Requests a signed URL from which a folder can be downloaded as one tar archive.
    ///
    /// The URL is valid for a limited time, and only until something in the folder changes.
    ///
    /// - Parameters:
    ///   - id: Id of the folder.
    ///   - name: Name of the folder, for messages.
    /// - Returns: The URL, the name and the length of the archive.
    /// - Throws: ``APIError``, with status 404 if the folder does not exist; ``ClientError``, with code
    ///   `.responseUnreadable` if the URL is not valid, or has the scheme `http` although the API's URL has `https`.
    func folderArchive(_ id: String, name: String) async throws -> FolderArchive {
        let archive: FolderArchive = try await call(
            APIRequest(
                method: .GET,
                path: "/files/\(id.urlEncoded)/archive_info?format=tar",
                purpose: "request the archive of '\(name)'"
            )
        )
        try checkStorageURL(archive.url, of: "'\(name)'")
        return archive
    }
}

extension Downloader {
    /// Downloads a folder and everything in it to a stream, as one tar archive.
    ///
    /// If the connection fails, only the missing bytes are requested again. The length of the archive is verified, but
    /// not the contents of its files, because a tar archive has checksums only for its headers. If the download fails
    /// or the task is cancelled, part of the archive may already have been written.
    ///
    /// - Parameters:
    ///   - folder: The folder. Nothing is stored at its target.
    ///   - write: Writes the next bytes to the stream. If it throws an error, the download fails with this error.
    ///   - observe: Consumes progress events. The transfer applies back-pressure while events are not consumed.
    /// - Returns: An array whose only element is the result for the folder, including the error if the download failed.
    /// - Throws: ``APIError`` or ``ClientError`` if the server's extensions cannot be requested; ``ClientError`` with
    ///   code `.requestInvalid` if the server does not support folder archives; `CancellationError` if the task is
    ///   cancelled before the download starts.
    public func streamArchive(
        of folder: DownloadItem,
        to write: @escaping @Sendable ([UInt8]) async throws -> Void,
        observe: @Sendable (DownloadEvents) async -> Void = { for await _ in $0 {} }
    ) async throws -> [DownloadResult] {
        guard try await client.index().archivesFolders else {
            throw ClientError(
                .requestInvalid,
                "The server cannot send a folder as an archive.",
                advice: "Download the folder without --tar."
            )
        }
        return try await TransferContext.withContext(
            for: client,
            options: options.transfer,
            automatic: AutomaticConcurrency(limit: 1),
            board: ProgressBoard(sizes: [0]),
            observe: observe
        ) { context in
            await context.emitBegan()
            return try await context.run(ArchiveJob(context: context, items: [folder], write: write))
        }
    }
}

/// A run whose only file is an archive.
private struct ArchiveJob: TransferJob {
    let context: TransferContext<DownloadItem>
    let items: [DownloadItem]
    let write: @Sendable ([UInt8]) async throws -> Void

    let maximumOpenFiles = 1
    let opensFilesUnderPermit = false

    func start(_ file: TransferFile<DownloadItem>) -> TransferStart {
        if let problem = file.item.problem { return .ended(TransferEnding(outcome: .failed(problem))) }
        return .transfer { try await ArchiveDownload(file: file, write: write).run() }
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsToken }
}

private final class ArchiveDownload: Sendable {
    private struct State {
        var archive: FolderArchive?
        var etag: String?
        var offset: Int64 = 0
        /// Time at which the download began to wait for data; `nil` while it processes received bytes.
        var waitsSince: ContinuousClock.Instant?
    }

    private let file: TransferFile<DownloadItem>
    private let write: @Sendable ([UInt8]) async throws -> Void
    private let state = Mutex(State())

    private var client: SevenBridgesClient { file.context.client }
    private var name: String { file.item.remotePath }

    init(file: TransferFile<DownloadItem>, write: @escaping @Sendable ([UInt8]) async throws -> Void) {
        self.file = file
        self.write = write
    }

    func run() async throws -> TransferEnding {
        let archive = try await client.folderArchive(file.item.id, name: name)
        var item = file.item
        item.size = archive.size
        let size = try item.validSize()
        state.withLock { $0.archive = archive }
        file.progress.opened(size: size)
        await file.announce(FileRanges(size: size, rangeSize: size), rangeSize: size)
        var before: Int64 = 0
        try await file.withRetries(purpose: "download '\(name)'") { error in
            var failure = FailedAttempt(storageError: error, action: "download", subject: "'\(name)'")
            failure?.madeProgress = state.withLock { $0.offset } > before
            return failure
        } refreshURL: {
            state.withLock { $0.archive = nil }
        } _: {
            before = state.withLock { $0.offset }
            guard before < size else { return }
            let url = try await url(size)
            try await withStallGuard(limit: { [limit = client.transport.settings.stallTimeout] in limit }) {
                self.state.withLock { state in state.waitsSince.map { .now - $0 } ?? .zero }
            } _: {
                try await self.receive(from: url, size)
            }
        }
        return TransferEnding(outcome: .transferred, verification: .size)
    }

    /// Returns the signed URL, requesting a new one if the storage has rejected the previous one.
    ///
    /// - Throws: `.fileChanged` if the length of the archive has changed; ``APIError``, ``ClientError``.
    private func url(_ size: Int64) async throws -> String {
        if let known = state.withLock({ $0.archive }) { return known.url }
        let archive = try await client.folderArchive(file.item.id, name: name)
        guard archive.size == size else { throw changed }
        state.withLock { $0.archive = archive }
        return archive.url
    }

    /// Requests the missing bytes and writes them.
    ///
    /// - Throws: `.fileChanged` if the folder has changed; ``StorageRefusal``, ``TransportFailure``; any error that
    ///   `write` throws.
    private func receive(from url: String, _ size: Int64) async throws {
        let (offset, etag) = state.withLock { ($0.offset, $0.etag) }
        var request = try client.storageRequest(.GET, url, of: "'\(name)'")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        if offset > 0 { request.headers.add(name: "Range", value: "bytes=\(offset)-") }
        if let etag, etag.isHeaderValue { request.headers.add(name: "If-Match", value: etag) }
        state.withLock { $0.waitsSince = .now }
        let response = try await client.transport.open(request)
        client.clock.note(response.headers.first(name: "Date"))
        let status = Int(response.status.code)
        if status == 412 { throw changed }
        guard status == (offset > 0 ? 206 : 200) else {
            let body = try await translatingFailures { try await response.body.collect(upTo: 1 << 20) }
            throw StorageRefusal(HTTPResponse(status: status, headers: response.headers, body: body))
        }
        let range = response.headers.first(name: "Content-Range")
        guard offset == 0 || range == "bytes \(offset)-\(size - 1)/\(size)" else { throw changed }
        state.withLock { $0.etag = $0.etag ?? response.headers.etag }
        try await translatingFailures { try await copy(response.body, size) }
        guard state.withLock({ $0.offset }) == size else {
            throw TransportFailure(kind: .connectionLost, reason: "the response ended early")
        }
    }

    private func copy(_ body: HTTPClientResponse.Body, _ size: Int64) async throws {
        for try await chunk in body {
            state.withLock { $0.waitsSince = nil }
            client.storageContact.note()
            let count = Int64(chunk.readableBytes)
            guard state.withLock({ $0.offset }).addingClamped(count) <= size else {
                throw TransportFailure(kind: .connectionLost, reason: "the response is longer than requested")
            }
            try await file.context.bandwidth?.take(chunk.readableBytes)
            try await write(Array(chunk.readableBytesView))
            state.withLock { state in
                state.offset += count
                state.waitsSince = .now
            }
            file.progress.transferred(count)
        }
    }

    private var changed: ClientError {
        ClientError(
            .fileChanged,
            "'\(name)' changed on the server during its download.",
            advice: "Discard the output and run the same command again, or download the folder without --tar."
        )
    }
}
