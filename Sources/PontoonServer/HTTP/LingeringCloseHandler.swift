import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// A channel handler that closes a connection after a response with `Connection: close`.
///
/// The client may still be sending. Closing immediately would reset the connection and could discard the response
/// before the client reads it. The handler therefore first reads and drops the remaining bytes of the request, for at
/// most 5 seconds and 64 MiB.
final class LingeringCloseHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var closes = false
    private var hasResponded = false
    private var isReadingBody = false
    private var dropped = 0

    /// Maximum number of bytes to drop: two parts of the default size.
    private static let maximumDropped = 64 << 20
    private static let timeout = TimeAmount.seconds(5)

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: isReadingBody = true
        case .body(let bytes): if hasResponded { dropped += bytes.readableBytes }
        case .end: isReadingBody = false
        }
        context.fireChannelRead(data)
        closeIfDue(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The end of a malformed request is unknown; the client may still be sending it.
        if error is HTTPParserError { isReadingBody = true }
        context.fireErrorCaught(error)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            if head.status.kind != .informational {
                closes = head.headerFields[.connection]?.lowercased() == "close"
            }
            context.write(data, promise: promise)
        case .body:
            context.write(data, promise: promise)
        case .end:
            context.write(data, promise: promise)
            guard closes else { return }
            hasResponded = true
            context.flush()
            let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.eventLoop.scheduleTask(in: Self.timeout) { loopBound.value.close(promise: nil) }
            closeIfDue(context)
        }
    }

    private func closeIfDue(_ context: ChannelHandlerContext) {
        guard hasResponded, !isReadingBody || dropped > Self.maximumDropped else { return }
        context.close(promise: nil)
    }
}
