import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import PontoonCore

/// The downloader of one file's byte ranges, which verifies those that an earlier run wrote and requests the others.
struct RangeDownloader: Sendable {
    let file: TransferFile<DownloadItem>
    let source: DownloadSource
    let partial: PartialFile
    let ranges: [Range<Int64>]
    /// Ranges that an earlier run wrote, by number.
    let earlier: [Int: JournalPart]

    /// Minimum number of bytes that a failed attempt must write to count as progress.
    ///
    /// Without a minimum, a server that sends one byte per connection would be retried for each byte.
    private static let minimumProgress: Int64 = 64 << 10

    private var context: TransferContext<DownloadItem> { file.context }
    private var transport: HTTPTransport { context.client.transport }

    /// Downloads all ranges.
    ///
    /// - Returns: The checksums of the ranges, in order.
    func downloadAll() async throws -> [CRC64NVME] {
        guard !ranges.isEmpty else { return [] }
        return try await file.mapParts(Array(1...ranges.count)) { number in
            if let crc64 = try await verifyStored(number) { return crc64 }
            return try await download(number)
        }
    }

    private func verifyStored(_ number: Int) async throws -> CRC64NVME? {
        let range = ranges[number - 1]
        guard let crc64 = earlier[number].flatMap({ CRC64NVME(hex: $0.crc64) }),
            try await context.threads.runIfActive({ [partial] in try partial.isIntact(range, crc64) })
        else { return nil }
        file.progress.resumedPart(size: Int64(range.count))
        return crc64
    }

    private func download(_ number: Int) async throws -> CRC64NVME {
        let range = ranges[number - 1]
        let writer = RangeWriter(range, into: partial, context: context, written: file.progress.transferred)
        try await fetch(writer)
        let (crc64, etag) = (writer.crc64, source.etag ?? "")
        let line = JournalPart(number: number, etag: etag, crc64: crc64.hex)
        try await context.threads.runIfActive { [partial] in try partial.append(line) }
        file.progress.storedPart()
        await context.emit(
            .partStored(
                DownloadEvent.Part(
                    index: file.index,
                    number: number,
                    offset: range.lowerBound,
                    size: Int64(range.count),
                    etag: etag.unquoted
                )
            )
        )
        return crc64
    }

    private func fetch(_ writer: RangeWriter) async throws {
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

    /// Requests the missing bytes of a range and writes them.
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
                // A server that sends a few bytes per connection must not keep retries going for ever.
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
