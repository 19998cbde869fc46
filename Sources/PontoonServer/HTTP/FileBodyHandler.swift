import NIOCore
import NIOHTTP1

/// Sends regions of files as response bodies with `sendfile`, without copying the bytes.
///
/// Hummingbird's responses consist of buffers only. A region is therefore triggered as an outbound event
/// (``send(_:over:)``) and takes the place of the body between head and end.
///
/// The head of a response is flushed together with the data that follows it, which saves a segment and a wake-up of the
/// client.
final class FileBodyHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether the last write was a head, which is not flushed alone.
    private var holdsHead = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        holdsHead = Self.isFinalHead(unwrapOutboundIn(data))
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !holdsHead { context.flush() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let region = event as? FileRegion else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        holdsHead = false
        context.writeAndFlush(wrapOutboundOut(.body(.fileRegion(region))), promise: promise)
    }

    /// Whether a body or an end follows; `100 Continue` has neither.
    private static func isFinalHead(_ part: HTTPServerResponsePart) -> Bool {
        guard case .head(let head) = part else { return false }
        return head.status.code >= 200
    }

    /// Sends a region of a file as the next bytes of a body whose head was written.
    ///
    /// Cancellation closes the connection, since nothing else stops a client that does not read.
    ///
    /// - Parameters:
    ///   - region: Its file must stay open until the call returns or throws.
    ///   - channel: A connection with this handler.
    /// - Throws: If the connection closes before all bytes were sent.
    static func send(_ region: FileRegion, over channel: any Channel) async throws {
        let sent = channel.eventLoop.makePromise(of: Void.self)
        channel.triggerUserOutboundEvent(region, promise: sent)
        try await withTaskCancellationHandler {
            try await sent.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
