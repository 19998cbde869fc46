import NIOCore
import NIOHTTP1
import NIOTLS
import PontoonCore

/// Limits on the time, the rate and the head size of requests.
struct SlowRequestLimits: Sendable {
    /// Maximum time to wait for the bytes of a TLS handshake, a request head, or a whole request that does not transfer
    /// file bytes.
    let requestTimeout: Duration
    /// Minimum rate in bytes per second of a body that transfers file bytes, such as a part; 0 allows any rate.
    let minimumPartRate: Int
    /// Maximum size of a request head in bytes.
    let maximumHeaderSize: Int
    /// The `Access-Control-Allow-Origin` of responses sent before the request's `Origin` is known: an origin or `*`.
    ///
    /// `nil` omits the header.
    let allowedOrigin: String?

    /// Time over which ``minimumPartRate`` is measured.
    static let ratePeriod = TimeAmount.seconds(60)
}

/// The error thrown while the body of a request is read, if the client sends it too slowly.
struct SlowRequestError: Error {}

/// A channel handler that stops TLS handshakes and requests that arrive too slowly, and heads that are too long.
///
/// Only the time in which the server waits for bytes counts, so a slow disk does not cause a refusal. The handler is
/// placed after TLS and before the HTTP decoder, which neither limits the size of a head nor reports when a head
/// begins. ``RequestHeadHandler``, behind the decoder, reports to it the end of each head and of each request.
///
/// Source: docs/api.md#limits.
final class SlowRequestHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private enum Phase {
        /// Before the end of the TLS handshake.
        case handshake
        /// Between requests.
        case idle
        case head
        /// Receiving a body that transfers file bytes, such as a part.
        case part
        /// Receiving the body of any other request.
        case body
    }

    private let limits: SlowRequestLimits
    private var phase: Phase
    /// Waiting time since the start of the request, or of the period over which the rate of a part is measured.
    private var waited = TimeAmount.zero
    /// The start of the current wait for bytes; `nil` while the server does not read.
    private var waitingSince: NIODeadline?
    /// Number of bytes received in the period that ``waited`` covers.
    private var received = 0
    private var check: Scheduled<Void>?
    /// Whether the request was stopped, so that further bytes are ignored.
    private var isStopped = false

    /// - Parameters:
    ///   - limits: The limits.
    ///   - awaitsHandshake: Whether a TLS handshake comes before the first request.
    init(limits: SlowRequestLimits, awaitsHandshake: Bool) {
        self.limits = limits
        phase = awaitsHandshake ? .handshake : .idle
    }

    // MARK: Events of the decoder

    /// Records that a head was decoded and the body follows.
    func receivedHead(isPart: Bool) {
        guard isPart else { return phase = .body }
        phase = .part
        restart()
    }

    /// Records that the end of a request was decoded.
    func receivedEnd() { phase = .idle }

    // MARK: Events of the channel

    func channelActive(context: ChannelHandlerContext) {
        if phase == .handshake {
            waitingSince = .now()
            schedule(in: limit, context)
        }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if phase == .handshake, case .handshakeCompleted = event as? TLSUserEvent {
            phase = .idle
            restart()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func read(context: ChannelHandlerContext) {
        if waitingSince == nil { waitingSince = .now() }
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if let since = waitingSince {
            waited = waited + (.now() - since)
            waitingSince = nil
        }
        guard !isStopped else { return }
        if phase == .idle {
            phase = .head
            restart()
            if check == nil { schedule(in: limit, context) }
        }
        received += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        if phase == .head, received > limits.maximumHeaderSize { stop(context, headTooLong) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { check?.cancel() }

    // MARK: Checks

    private func restart() {
        (waited, received) = (.zero, 0)
        if waitingSince != nil { waitingSince = .now() }
    }

    private var limit: TimeAmount {
        phase == .part ? SlowRequestLimits.ratePeriod : TimeAmount(limits.requestTimeout)
    }

    /// Schedules a check of the request's progress.
    ///
    /// The end of the request does not cancel the check, which then serves for later requests: most requests are far
    /// shorter than the delay, so a check for each would cost more.
    private func schedule(in delay: TimeAmount, _ context: ChannelHandlerContext) {
        let loopBound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        check = context.eventLoop.scheduleTask(in: delay) {
            let (handler, context) = loopBound.value
            handler.checkProgress(context)
        }
    }

    private func checkProgress(_ context: ChannelHandlerContext) {
        check = nil
        guard !isStopped, phase != .idle, context.channel.isActive else { return }
        let waited = waited + (waitingSince.map { .now() - $0 } ?? .zero)
        guard waited >= limit else { return schedule(in: limit - waited, context) }
        switch phase {
        case .idle: return
        case .handshake: context.close(promise: nil)
        case .head: stop(context, headTooSlow)
        case .body: stop(context, nil)
        case .part:
            let seconds = Int(SlowRequestLimits.ratePeriod.nanoseconds / 1_000_000_000)
            guard received < limits.minimumPartRate * seconds else {
                restart()
                return schedule(in: limit, context)
            }
            stop(context, nil)
        }
    }

    /// Stops reading a request, and closes the connection two seconds later.
    ///
    /// - Parameters:
    ///   - context: The handler's context.
    ///   - refusal: The response; `nil` if the request's handler sends it after receiving ``SlowRequestError`` while it
    ///     reads the body.
    private func stop(_ context: ChannelHandlerContext, _ refusal: ByteBuffer?) {
        isStopped = true
        if let refusal {
            context.writeAndFlush(wrapOutboundOut(.byteBuffer(refusal)), promise: nil)
            context.close(mode: .output, promise: nil)
        } else {
            context.fireErrorCaught(SlowRequestError())
        }
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(2)) { loopBound.value.close(promise: nil) }
    }

    private var headTooLong: ByteBuffer {
        Refusal.message(
            PontoonError(.headersTooLarge, "The request head is longer than \(limits.maximumHeaderSize) bytes."),
            allowedOrigin: limits.allowedOrigin
        )
    }

    private var headTooSlow: ByteBuffer {
        Refusal.message(
            PontoonError(.requestTimedOut, "The request head did not arrive within \(limits.requestTimeout)."),
            allowedOrigin: limits.allowedOrigin
        )
    }
}
