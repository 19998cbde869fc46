package import NIOCore
import NIOHTTP1

/// Refuses responses whose status is below 100, which HTTP does not have (RFC 9110, section 15).
///
/// AsyncHTTPClient 1.37 takes the head of such a response for an informational one. NIO does not, so the end of the
/// response follows, and AsyncHTTPClient stops the process. Anybody who answers a request could therefore stop it.
package enum ResponseStatusCheck {
    /// Adds the check to a new connection.
    ///
    /// To be used as, or in, the `http1_1ConnectionDebugInitializer` of each HTTP client. A request whose response is
    /// refused fails with `HTTPParserError.invalidStatus`, and its connection is closed.
    @Sendable package static func add(to channel: any Channel) -> EventLoopFuture<Void> {
        channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(Handler(), position: .after(decoder))
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias InboundOut = HTTPClientResponsePart

        private var isRefused = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if isRefused { return }
            if case .head(let head) = unwrapInboundIn(data), head.status.code < 100 {
                isRefused = true
                context.fireErrorCaught(HTTPParserError.invalidStatus)
                context.close(promise: nil)
            } else {
                context.fireChannelRead(data)
            }
        }
    }
}
