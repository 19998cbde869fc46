import NIOCore
import NIOHTTP1
import PontoonCore

/// A channel handler that rejects `Transfer-Encoding` values that SwiftNIO's decoder accepts but this server does not,
/// and URLs and headers with so many combining marks that a comparison would take too long.
///
/// It also reports the end of each head and of each request to ``SlowRequestHandler`` and ``RawQueryHandler``. It
/// removes `Expect` from HTTP/1.0 requests, and adds `Connection: close` to those that do not request keep-alive.
final class RequestHeadHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart

    private let slowRequests: SlowRequestHandler
    private let rawQueries: RawQueryHandler

    init(slowRequests: SlowRequestHandler, rawQueries: RawQueryHandler) {
        self.slowRequests = slowRequests
        self.rawQueries = rawQueries
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head):
            guard Self.hasFewMarks(head), Self.hasValidEncoding(head) else {
                context.fireErrorCaught(HTTPParserError.unknown)
                return
            }
            rawQueries.receivedHead()
            slowRequests.receivedHead(
                isPart: head.uri.hasPrefix(DataPlanePath.root)
                    || FileContentCalls.isPut(head.method.rawValue, head.uri)
                    || ArchiveCalls.isArchive(head.method.rawValue, head.uri)
            )
            // Hummingbird does not know the HTTP version of a request.
            if head.version == .http1_0 { Self.adapt(&head) }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: context.fireChannelRead(data)
        case .end:
            slowRequests.receivedEnd()
            rawQueries.receivedEnd()
            context.fireChannelRead(data)
        }
    }

    /// Adapts the headers to the rules of HTTP/1.0: connections close by default, and the server must not send
    /// `100 Continue`, which a client would interpret as the response.
    ///
    /// Source: RFC 9110, sections 10.1.1 and 15.2; RFC 9112, section 9.3.
    private static func adapt(_ head: inout HTTPRequestHead) {
        head.headers.remove(name: "Expect")
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
    }

    private static func hasFewMarks(_ head: HTTPRequestHead) -> Bool {
        CombiningMarks.areFew(in: head.uri) && head.headers.allSatisfy { CombiningMarks.areFew(in: $0.value) }
    }

    /// Returns whether the length of the body is unambiguous: HTTP/1.0 has no transfer encodings, and the server
    /// supports only `chunked`.
    ///
    /// Source: RFC 9112, section 6.1.
    private static func hasValidEncoding(_ head: HTTPRequestHead) -> Bool {
        let encodings = head.headers["Transfer-Encoding"]
        if encodings.isEmpty { return true }
        return head.version != .http1_0 && encodings.count == 1 && encodings[0].lowercased() == "chunked"
    }
}
