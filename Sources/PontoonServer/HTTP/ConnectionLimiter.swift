import Foundation
import NIOCore
import NIOTLS
import PontoonCore
import Synchronization

/// A limit on the number of connections, in total and from one address.
///
/// Every connection needs a file descriptor, and a second one while a part or file is transferred. Without free
/// descriptors, a process can neither accept connections nor open its database.
final class ConnectionLimiter: Sendable {
    enum Decision: Sendable {
        case admitted
        /// Refused with a response.
        case refused(PontoonError)
        /// Closed without a response, because too many refused connections are still open.
        case closed
    }

    private struct State {
        var total = 0
        var refused = 0
        var addresses: [String: Int] = [:]
    }

    private let maximum: Int
    private let maximumPerAddress: Int
    private let state = Mutex(State())
    /// Maximum number of open connections that are being refused.
    private static let maximumRefused = 32

    /// - Parameters:
    ///   - maximum: Maximum number of connections.
    ///   - maximumPerAddress: Maximum number of connections from one IPv4 address or one IPv6 /64 network. Does not
    ///     limit connections to a Unix socket.
    init(maximum: Int, maximumPerAddress: Int) {
        self.maximum = maximum
        self.maximumPerAddress = maximumPerAddress
    }

    /// Number of admitted connections that are still open.
    var count: Int { state.withLock { $0.total } }

    /// Decides whether to admit a new connection, and counts an admitted or refused connection until its channel is
    /// closed.
    func admit(_ channel: any Channel) -> Decision {
        let address = channel.remoteAddress?.network
        let decision: Decision = state.withLock { state in
            let refusal: PontoonError
            if state.total >= maximum {
                refusal = PontoonError(.unavailable, "The server has too many connections; try again later.")
            } else if let address, state.addresses[address, default: 0] >= maximumPerAddress {
                refusal = PontoonError(.unavailable, "Your address has too many connections; close one and try again.")
            } else {
                state.total += 1
                if let address { state.addresses[address, default: 0] += 1 }
                return .admitted
            }
            guard state.refused < Self.maximumRefused else { return .closed }
            state.refused += 1
            return .refused(refusal)
        }
        channel.closeFuture.whenComplete { _ in self.remove(decision, address) }
        return decision
    }

    private func remove(_ decision: Decision, _ address: String?) {
        state.withLock { state in
            switch decision {
            case .admitted:
                state.total -= 1
                guard let address else { return }
                let rest = state.addresses[address, default: 0] - 1
                state.addresses[address] = rest > 0 ? rest : nil
            case .refused: state.refused -= 1
            case .closed: break
            }
        }
    }
}

/// A channel handler that sends one error response on a refused connection, after the TLS handshake if there is one.
///
/// It closes the connection at the latest 1 second after the connection was opened, or 5 seconds with TLS.
final class RefusedConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let message: ByteBuffer
    private let awaitsHandshake: Bool
    private var received = 0

    init(_ error: PontoonError, allowedOrigin: String?, awaitsHandshake: Bool) {
        message = Refusal.message(error, allowedOrigin: allowedOrigin)
        self.awaitsHandshake = awaitsHandshake
    }

    func channelActive(context: ChannelHandlerContext) {
        if !awaitsHandshake { respond(context) }
        let loopBound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let limit = TimeAmount.seconds(awaitsHandshake ? 5 : 1)
        context.eventLoop.scheduleTask(in: limit) { loopBound.value.close(promise: nil) }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if awaitsHandshake, case .handshakeCompleted = event as? TLSUserEvent { respond(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func respond(_ context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(message), promise: nil)
        context.close(mode: .output, promise: nil)
    }

    /// Reads and drops up to 1 MiB from the client, because closing a connection with unread bytes resets it, and the
    /// client could lose the response.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        if received > 1 << 20 { context.close(promise: nil) }
    }
}
