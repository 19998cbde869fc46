import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import PontoonCore

/// A line of the response to an archive put: the result for one file or folder or, in the last line, the summary.
struct ArchiveLine: Decodable {
    /// The reason why an entry was not stored.
    struct Failure: Decodable {
        var status: Int
        var code: Int?
        var message: String?
    }

    /// Path of the entry; `nil` in the summary.
    var path: String?
    var type: String?
    var id: String?
    var name: String?
    var size: Double?
    var checksums: FileDetails.Checksums?
    var result: String?
    var error: Failure?
    var summary: Summary?

    /// The summary; its counts are not decoded.
    struct Summary: Decodable {}
}

extension SevenBridgesClient {
    /// Path of the archive put, relative to the endpoint.
    static let archivePath = "/upload/archive"
    /// Maximum length of a line of the response, in bytes.
    private static let maximumArchiveLine = 64 << 10

    /// Sends an archive, without retries, and reads the response while the archive is being sent.
    ///
    /// - Parameters:
    ///   - request: The call, without a body.
    ///   - archive: The body.
    ///   - receive: Called for each received chunk of the response, with the lines that the chunk completes, possibly
    ///     none.
    /// - Throws: ``RefusedCall`` for an error response; `.responseUnreadable` for an invalid line;
    ///   ``TransportFailure``, of kind `connectionLost` if the response ends without a summary; any error that
    ///   `receive` throws.
    func attemptArchive(
        _ request: APIRequest,
        _ archive: ArchiveBody,
        _ receive: @escaping @Sendable ([ArchiveLine]) async throws -> Void
    ) async throws {
        try await throttle.pass()
        var http = try httpRequest(request)
        http.headers.replaceOrAdd(name: "Content-Type", value: "application/x-tar")
        http.headers.replaceOrAdd(name: "Accept", value: "application/x-ndjson")
        http.body = .stream(ArchiveBody.Chunks(body: archive), length: .unknown)
        let settings = transport.settings
        try await withStallGuard {
            archive.isAtEnd ? settings.responseTimeout(partSize: 0) : settings.stallTimeout
        } idleTime: {
            archive.idleTime
        } _: { [http] in
            let response = try await transport.open(http)
            archive.noteResponse()
            guard (200..<300).contains(response.status.code) else {
                throw try await refusal(of: response, request)
            }
            apiContact.note()
            try await read(response, request, archive, receive)
        }
    }

    private func refusal(of response: HTTPClientResponse, _ request: APIRequest) async throws -> RefusedCall {
        // A server that refuses a request before it has received the whole body may close the connection before it has
        // sent the whole response. The error is ignored, because the status and the headers have arrived.
        var body = ByteBuffer()
        do {
            body = try await response.body.collect(upTo: 1 << 20)
        } catch {
            try Task.checkCancellation()
        }
        return refusal(
            of: HTTPResponse(status: Int(response.status.code), headers: response.headers, body: body),
            request
        )
    }

    private func read(
        _ response: HTTPClientResponse,
        _ request: APIRequest,
        _ archive: ArchiveBody,
        _ receive: @Sendable ([ArchiveLine]) async throws -> Void
    ) async throws {
        var (rest, total, hasSummary) = (ByteBuffer(), 0, false)
        do {
            for try await piece in response.body {
                archive.noteResponse()
                total += piece.readableBytes
                rest.writeImmutableBuffer(piece)
                var lines: [ArchiveLine] = []
                while let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                    guard let text = rest.readSlice(length: end - rest.readerIndex) else { break }
                    rest.moveReaderIndex(forwardBy: 1)
                    if text.readableBytes == 0 { continue }
                    let line: ArchiveLine = try decode(text, request)
                    if line.summary != nil { hasSummary = true }
                    lines.append(line)
                }
                rest.discardReadBytes()
                guard rest.readableBytes <= Self.maximumArchiveLine, total <= ServerValues.maximumBody else {
                    throw TransportFailure(kind: .responseTooLong, reason: "the response is too long")
                }
                try await receive(lines)
            }
        } catch {
            // A cancelled request may fail with an error other than CancellationError.
            try Task.checkCancellation()
            throw TransportFailure.translate(error)
        }
        guard hasSummary else {
            throw TransportFailure(kind: .connectionLost, reason: "the response ended early")
        }
    }
}
