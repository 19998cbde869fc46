import NIOCore
import NIOHTTP1
import PontoonCore

/// A channel handler that rejects `Transfer-Encoding` values that SwiftNIO's decoder accepts but HTTP does not allow.
///
/// It also reports the end of each head and of each request to ``SlowRequestHandler`` and ``RawQueryHandler``, and adds
/// `Connection: close` to HTTP/1.0 requests without keep-alive.
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
            guard Self.hasValidEncoding(head) else {
                context.fireErrorCaught(HTTPParserError.unknown)
                return
            }
            rawQueries.receivedHead()
            slowRequests.receivedHead(
                isPart: head.uri.hasPrefix(DataPlanePath.root)
                    || FileContentCalls.isPut(head.method.rawValue, head.uri)
                    || ArchiveCalls.isArchive(head.method.rawValue, head.uri)
            )
            // Hummingbird does not see the version of a request; in HTTP/1.0, connections close by default.
            if head.version.major == 1, head.version.minor == 0, !head.isKeepAlive {
                head.headers.replaceOrAdd(name: "Connection", value: "close")
            }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: context.fireChannelRead(data)
        case .end:
            slowRequests.receivedEnd()
            rawQueries.receivedEnd()
            context.fireChannelRead(data)
        }
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
