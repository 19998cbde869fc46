import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PontoonCore

/// A fetcher of one file's byte ranges, which requests only the missing bytes again after a failure.
struct RangeFetcher: Sendable {
    let file: TransferFile<DownloadItem>
    let source: DownloadSource

    /// Minimum number of bytes that a failed attempt must write to count as progress.
    ///
    /// Without a minimum, a server that sends one byte per connection would be retried for each byte.
    private static let minimumProgress: Int64 = 64 << 10

    private var context: TransferContext<DownloadItem> { file.context }
    private var transport: HTTPTransport { context.client.transport }

    /// Requests and writes all missing bytes of a range, with retries.
    ///
    /// - Throws: ``RemoteFileChanged`` if the file has changed on the server; ``APIError``, ``ClientError``;
    ///   `CancellationError`; any error of the writer.
    func fetch(_ writer: RangeWriter) async throws {
        let purpose = "download '\(source.name)'"
        var (url, before) = (String?.none, writer.writtenBytes)
        try await file.withRetries(purpose: purpose) { error in
            var failure = FailedAttempt(storageError: error, action: "download", subject: "'\(source.name)'")
            failure?.madeProgress = writer.writtenBytes - before >= Self.minimumProgress
            return failure
        } refreshURL: {
            source.invalidate(url)
        } _: {
            guard !writer.isComplete else { return }
            before = writer.writtenBytes
            let current = try await source.url()
            url = current
            try await withStallGuard(limit: { [limit = transport.settings.stallTimeout] in limit }) {
                writer.idleTime
            } _: {
                try await receive(writer, from: current)
            }
        }
    }

    /// Requests the missing bytes of a range and writes them, including the bytes that arrived before an error.
    ///
    /// - Throws: ``RemoteFileChanged``, ``StorageRefusal``, ``TransportFailure``; any error of the writer.
    private func receive(_ writer: RangeWriter, from url: String) async throws {
        let missing = writer.missing
        let known = source.etag
        var request = try context.client.storageRequest(.GET, url, of: "'\(source.name)'")
        request.headers.add(name: "Accept-Encoding", value: "identity")
        request.headers.add(name: "Range", value: "bytes=\(missing.lowerBound)-\(missing.upperBound - 1)")
        // If-Range requires a strong ETag: equal weak ETags do not guarantee identical bytes.
        if let known, !known.hasPrefix("W/"), known.isHeaderValue {
            request.headers.add(name: "If-Range", value: known)
        }
        writer.connectionWaits()
        let response = try await transport.open(request)
        context.client.clock.note(response.headers.first(name: "Date"))
        let status = Int(response.status.code)
        guard try source.accepts(status: status, response.headers, for: missing, known: known) else {
            let body = try await translatingFailures { try await response.body.collect(upTo: 1 << 20) }
            throw StorageRefusal(HTTPResponse(status: status, headers: response.headers, body: body))
        }
        try source.note(response.headers, for: missing)
        try await translatingFailures { try await write(response.body, to: writer) }
        guard writer.isComplete else {
            throw TransportFailure(kind: .connectionLost, reason: "the response ended early")
        }
    }

    private func write(_ body: HTTPClientResponse.Body, to writer: RangeWriter) async throws {
        var chunks = body.makeAsyncIterator()
        var received: Int64 = 0
        do {
            while true {
                writer.connectionWaits()
                guard let chunk = try await chunks.next() else { break }
                writer.connectionDelivered()
                // A server that sends only a few bytes per connection must not cause endless retries.
                received += Int64(chunk.readableBytes)
                if received >= Self.minimumProgress { context.client.storageContact.note() }
                try await context.bandwidth?.take(chunk.readableBytes)
                try await writer.append(chunk)
            }
            try await writer.flush()
        } catch {
            // Write the bytes received so far, so that a retry does not request them again.
            if !Task.isCancelled { try await writer.flush() }
            throw error
        }
    }
}

extension TransferFile<DownloadItem> {
    /// Counts a range that was downloaded in this run, and emits ``TransferEvent/partStored(_:)``.
    func announce(_ range: Range<Int64>, _ number: Int, _ source: DownloadSource) async {
        progress.storedPart()
        await context.emit(
            .partStored(
                DownloadEvent.Part(
                    index: index,
                    number: number,
                    offset: range.lowerBound,
                    size: Int64(range.count),
                    etag: (source.etag ?? "").unquoted
                )
            )
        )
    }

    /// Records the number of ranges, and emits the event that the download of a file has started.
    ///
    /// - Parameters:
    ///   - ranges: All ranges of the file.
    ///   - rangeSize: Length of every range but the last, in bytes.
    ///   - resumed: Indexes of the ranges that an earlier run downloaded.
    func announce(_ ranges: FileRanges, rangeSize: Int64, resumed: [Int] = []) async {
        progress.started(parts: ranges.count)
        await context.emit(
            .started(
                DownloadEvent.Start(
                    index: index,
                    item: item,
                    size: ranges.size,
                    parts: ranges.count,
                    partSize: rangeSize,
                    resumedParts: resumed.count,
                    resumedBytes: resumed.reduce(0) { $0 + Int64(ranges[$1].count) },
                    uploadID: nil
                )
            )
        )
    }
}

extension SevenBridgesClient {
    /// Requests the current length, checksum and modification time of a file.
    ///
    /// - Throws: `.requestInvalid` if the item is a folder; ``APIError``, with status 404 if the file does not exist;
    ///   ``ClientError``.
    func fetchDetails(of item: DownloadItem) async throws -> DownloadItem {
        let details = try await file(item.id)
        guard !details.isFolder else {
            throw ClientError(
                .requestInvalid,
                "'\(item.remotePath)' is a folder, not a file.",
                advice: "Download it by its path with 'pontoon download', or list it with 'pontoon ls'."
            )
        }
        return DownloadItem(details, remotePath: item.remotePath, target: item.target)
    }
}

extension DownloadItem {
    /// Returns ``size`` if it is a valid length.
    ///
    /// - Throws: `.responseUnreadable` if the length is missing or not in the range 0 to
    ///   ``ServerValues/maximumLength``.
    func validSize() throws -> Int64 {
        guard let size, (0...ServerValues.maximumLength).contains(size) else {
            throw ClientError(
                .responseUnreadable,
                "The server does not provide a valid length for '\(remotePath)'.",
                advice: "Contact the server's operator."
            )
        }
        return size
    }
}
