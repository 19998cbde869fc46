import NIOCore
import NIOHTTP1

/// Lets the system send a part of a file as the body of an answer, without a copy passing through here.
///
/// Hummingbird's answers are made of buffers only. So the region comes from the side: whoever writes the body triggers it
/// as an outbound event (``send(_:over:)``), and it takes the body's place between head and end.
///
/// The head of an answer waits for what follows it, so that they leave together: a segment and a wake-up of the client less.
final class FileBodyHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether a head was written last, which waits for its body or end.
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

    /// A head such as `100 Continue` has neither body nor end.
    private static func isFinalHead(_ part: HTTPServerResponsePart) -> Bool {
        guard case .head(let head) = part else { return false }
        return head.status.code >= 200
    }

    /// Sends a part of a file as the next bytes of a body whose head was written.
    ///
    /// A cancelled task closes the connection: nothing else stops a client that does not read.
    ///
    /// - Parameters:
    ///   - region: Its file must be open until this returns or throws; after that nobody here uses it.
    ///   - channel: A connection with this handler.
    /// - Throws: When the connection ends before all bytes were taken from the file.
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
