import NIOCore
import NIOPosix

/// A server that responds to the first bytes on each connection with a fixed text, which need not be HTTP, and ignores
/// later bytes.
package enum RawResponder {
    /// Runs a closure with a server on a free port of 127.0.0.1.
    ///
    /// - Parameters:
    ///   - response: The text.
    ///   - body: Receives the port.
    /// - Returns: The value of `body`.
    /// - Throws: The errors of `body`; `IOError` if the server cannot be started.
    package static func with<Value>(_ response: String, _ body: (Int) async throws -> Value) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(response))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        do {
            let value = try await body(listener.localAddress?.port ?? 0)
            try await listener.close()
            return value
        } catch {
            try? await listener.close()
            throw error
        }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var response: String?

        init(_ response: String) { self.response = response }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let text = response else { return }
            response = nil
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        }
    }
}
