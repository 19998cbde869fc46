import HTTPTypes
import Hummingbird
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import NIOSSL
import PontoonCore
import Synchronization

/// The middleware that sends `100 Continue` when the handler starts to read the body, and closes the connection if the
/// handler does not read the whole body.
///
/// If a request is refused because of its head, a client that waits for `100 Continue` does not send the body.
struct ExpectMiddleware: RouterMiddleware {
    typealias Context = AppContext

    let metrics: ServerMetrics

    @concurrent func handle(
        _ request: Request,
        context: AppContext,
        next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        guard request.hasBody else { return try await next(request, context) }
        let isData = CallKind(request.head).transfersBytes
        let progress = BodyProgress(record: context.record, metrics: metrics, isData: isData)
        var request = request
        var expectation: BodyExpectation?
        if request.headers[.expect]?.lowercased() == "100-continue" {
            expectation = BodyExpectation(channel: context.channel)
            context.record.expectation = expectation
        }
        request.body = RequestBody(
            asyncSequence: WatchedBody(body: request.body, progress: progress, expectation: expectation)
        )
        var response = try await next(request, context)
        if !progress.isDone { response.headers[.connection] = "close" }
        return response
    }
}

extension Request {
    /// Whether the request has a body, according to its headers.
    var hasBody: Bool { headers[.transferEncoding] != nil || headers[.contentLength].map { $0 != "0" } ?? false }
}

/// The error that reading a request body throws if the connection breaks.
struct ConnectionLostError: Error, CustomStringConvertible {
    let cause: any Error

    var description: String { "\(cause)" }
}

/// A client's expectation of `100 Continue`, which is met at most once.
final class BodyExpectation: Sendable {
    private let channel: any Channel
    private let isMet = Mutex(false)

    init(channel: any Channel) { self.channel = channel }

    /// Sends `100 Continue` on the first call; does nothing on later calls.
    ///
    /// - Throws: An error if the connection is closed.
    func meet() async throws {
        let isFirst = isMet.withLock { isMet in
            defer { isMet = true }
            return !isMet
        }
        guard isFirst else { return }
        try await channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
    }
}

/// The progress of reading a body.
///
/// Updates the counters of received bytes.
private final class BodyProgress: Sendable {
    private let record: RequestRecord
    private let metrics: ServerMetrics
    private let isData: Bool
    private let done = Mutex(false)

    /// - Parameters:
    ///   - record: Counts the bytes of the request.
    ///   - metrics: Counts the bytes of all requests.
    ///   - isData: Whether the body contains the bytes of a part, a file or an archive.
    init(record: RequestRecord, metrics: ServerMetrics, isData: Bool) {
        self.record = record
        self.metrics = metrics
        self.isData = isData
    }

    var isDone: Bool { done.withLock { $0 } }
    func finish() { done.withLock { $0 = true } }

    func receive(_ bytes: Int) {
        record.receive(bytes)
        metrics.received(bytes)
        if isData { LowPriorityExecutor.shared.transferred(bytes) }
    }
}

/// A request body that sends `100 Continue` before the first read if the client expects it, counts the bytes that are
/// read, and records when the end is reached.
private struct WatchedBody: AsyncSequence, Sendable {
    let body: RequestBody
    let progress: BodyProgress
    let expectation: BodyExpectation?

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let progress: BodyProgress
        var expectation: BodyExpectation?

        @concurrent mutating func next() async throws -> ByteBuffer? {
            if let expectation {
                self.expectation = nil
                try await expectation.meet()
            }
            let chunk = try await nextChunk()
            if let chunk { progress.receive(chunk.readableBytes) } else { progress.finish() }
            return chunk
        }

        @concurrent private mutating func nextChunk() async throws -> ByteBuffer? {
            do {
                return try await body.next()
            } catch  where error is IOError || error is NIOSSLError || error is BoringSSLError {
                // NIOSSL also throws if a TLS connection ends without `close_notify`.
                throw ConnectionLostError(cause: error)
            }
        }
    }

    func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(body: body.makeAsyncIterator(), progress: progress, expectation: expectation)
    }
}
