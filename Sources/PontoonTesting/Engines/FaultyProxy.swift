import NIOCore
import NIOPosix
import Synchronization

/// Stands before a real server and cuts off answers, as a network that fails at the worst moment does.
package final class FaultyProxy: Sendable {
    /// What happens to the answers to some requests.
    package struct Fault: Sendable {
        let marker: String
        let bytes: Int
        var times: Int

        /// Cuts connections.
        ///
        /// - Parameters:
        ///   - marker: In the head of the requests that it happens to.
        ///   - bytes: So many of the answer pass; 0 for none. The server has done what it was asked to.
        ///   - times: How often it happens.
        package init(to marker: String, afterAnswerBytes bytes: Int = 0, times: Int = 1) {
            self.marker = marker
            self.bytes = bytes
            self.times = times
        }
    }

    private let fault = Mutex<Fault?>(nil)
    private let struck = Mutex(0)
    private let listener = Mutex<(any Channel)?>(nil)
    private let upstream: Int

    /// Passes on to a port of this machine; ``start()`` follows.
    package init(to port: Int) { upstream = port }

    /// How often a fault has happened.
    package var strikes: Int { struck.withLock { $0 } }

    /// Sets what happens from now on; `nil` passes all.
    package func set(_ fault: Fault?) { self.fault.withLock { $0 = fault } }

    /// Begins to listen.
    ///
    /// - Returns: The port.
    package func start() async throws -> Int {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { [self] client in connect(client) }
            .bind(host: "127.0.0.1", port: 0).get()
        listener.withLock { $0 = channel }
        return try require(channel.localAddress?.port, "a listening socket has a port")
    }

    /// Stops listening.
    package func stop() async throws { try await listener.withLock { $0.take() }?.close() }

    private func connect(_ client: any Channel) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelOption(.autoRead, value: false)
            .connect(host: "127.0.0.1", port: upstream)
            .flatMapThrowing { [self] server in
                let pass = Pass()
                try client.pipeline.syncOperations.addHandler(
                    Relay(to: server) { [self] bytes in
                        if let limit = lease(bytes) { pass.limit = limit }
                        return (bytes, false)
                    }
                )
                try server.pipeline.syncOperations.addHandler(
                    Relay(to: client) { bytes in
                        guard let limit = pass.limit else { return (bytes, false) }
                        let part = bytes.getSlice(at: bytes.readerIndex, length: min(limit, bytes.readableBytes))
                        let left = limit - (part?.readableBytes ?? 0)
                        pass.limit = left
                        return (part ?? ByteBuffer(), left == 0)
                    }
                )
            }
    }

    /// - Returns: How much of the answer passes; `nil` when nothing happens to it.
    private func lease(_ request: ByteBuffer) -> Int? {
        let bytes = fault.withLock { fault -> Int? in
            guard let now = fault, now.times > 0,
                String(decoding: request.readableBytesView.prefix(2000), as: UTF8.self).contains(now.marker)
            else { return nil }
            fault?.times -= 1
            return now.bytes
        }
        if bytes != nil { struck.withLock { $0 += 1 } }
        return bytes
    }

    /// What two directions of one connection share; both are on one event loop.
    private final class Pass {
        var limit: Int?
    }

    private final class Relay: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        private let other: any Channel
        private let filter: (ByteBuffer) -> (ByteBuffer, isLast: Bool)

        init(to other: any Channel, _ filter: @escaping (ByteBuffer) -> (ByteBuffer, isLast: Bool)) {
            self.other = other
            self.filter = filter
        }

        func handlerAdded(context: ChannelHandlerContext) {
            if context.channel.isActive { context.read() }
        }

        func channelActive(context: ChannelHandlerContext) { context.read() }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let (bytes, isLast) = filter(unwrapInboundIn(data))
            let channel = context.channel
            let other = other
            other.writeAndFlush(bytes).whenComplete { _ in
                if isLast {
                    other.close(promise: nil)
                    channel.close(promise: nil)
                } else {
                    channel.read()
                }
            }
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
            other.close(promise: nil)
        }
    }
}
