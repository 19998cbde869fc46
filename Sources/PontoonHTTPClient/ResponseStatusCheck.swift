package import NIOCore
import NIOHTTP1

/// A check that rejects responses with a status below 100, which HTTP does not define (RFC 9110, section 15).
///
/// AsyncHTTPClient 1.37 treats the head of such a response as an informational response. NIO does not, and delivers the
/// end of the response next, at which AsyncHTTPClient terminates the process. Without this check, any server could
/// therefore terminate the process of its client.
package enum ResponseStatusCheck {
    /// Adds the check to a new connection.
    ///
    /// Set this function as the `http1_1ConnectionDebugInitializer` of each HTTP client, or call it there. A request
    /// whose response is rejected fails with `HTTPParserError.invalidStatus`, and its connection is closed.
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
