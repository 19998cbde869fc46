import NIOCore
import NIOHTTP1
import PontoonCore

/// A channel handler that sends ranges of files as response bodies with `sendfile`, without copying the bytes.
///
/// Hummingbird's response bodies consist of buffers only. A range therefore enters the pipeline as an outbound user
/// event (``send(_:over:)``), and this handler writes its regions, one after the other, as the body between the head
/// and the end of the response.
///
/// The head of a response is flushed together with the data that follows, which saves a TCP segment and a wake-up of
/// the client.
final class FileBodyHandler: ChannelOutboundHandler {
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// Whether the last write was the head of a final response, whose flush is delayed until the next write.
    private var holdsHead = false

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        holdsHead = Self.isFinalHead(unwrapOutboundIn(data))
        context.write(data, promise: promise)
    }

    func flush(context: ChannelHandlerContext) {
        if !holdsHead { context.flush() }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let transfer = event as? FileTransfer, let promise else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        holdsHead = false
        sendRegion(of: transfer, context, promise)
    }

    /// Sends the remaining regions of a transfer, one after the other, without leaving the event loop.
    private func sendRegion(
        of transfer: FileTransfer,
        _ context: ChannelHandlerContext,
        _ promise: EventLoopPromise<Void>
    ) {
        guard let region = transfer.nextRegion() else { return promise.succeed() }
        let sent = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.body(.fileRegion(region))), promise: sent)
        let eventLoop = context.eventLoop
        let loopBound = NIOLoopBound((self, context), eventLoop: eventLoop)
        sent.futureResult.whenComplete { result in
            switch result {
            case .success:
                transfer.endRegion(isSent: true)
                // Deferred, so that other connections are served in between and the stack does not grow.
                eventLoop.execute {
                    let (handler, context) = loopBound.value
                    handler.sendRegion(of: transfer, context, promise)
                }
            case .failure(let error):
                transfer.endRegion(isSent: false)
                promise.fail(error)
            }
        }
    }

    /// Returns whether a part is the head of a final response.
    ///
    /// The head of `100 Continue` is not final: no body or end follows it.
    private static func isFinalHead(_ part: HTTPServerResponsePart) -> Bool {
        guard case .head(let head) = part else { return false }
        return head.status.code >= 200
    }

    /// Sends bytes of a file as the next bytes of a response body.
    ///
    /// Stops at the first byte that is not in memory, or when the client is slow; ``FileTransfer/offset`` is then the
    /// offset of the first byte that was not sent.
    ///
    /// The response head must have been written before. Cancellation closes the connection, because there is no other
    /// way to stop sending to a client that does not read.
    ///
    /// - Parameters:
    ///   - transfer: The bytes; their file must stay open until the call returns or throws.
    ///   - channel: A channel with this handler in its pipeline.
    /// - Throws: An error if the connection closes before the bytes were sent.
    static func send(_ transfer: FileTransfer, over channel: any Channel) async throws {
        let sent = channel.eventLoop.makePromise(of: Void.self)
        channel.triggerUserOutboundEvent(transfer, promise: sent)
        try await withTaskCancellationHandler {
            try await sent.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
    }
}
