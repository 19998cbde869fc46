import Foundation
import NIOCore
import NIOPosix
import PontoonTesting
import Testing

/// SOCKS proxies that refuse a connection or send invalid responses.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ProxyTests {
    /// A server that answers each read with the next of its responses, and closes the connection when there are no
    /// more.
    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private var responses: ArraySlice<[UInt8]>

        init(_ responses: [[UInt8]]) { self.responses = responses[...] }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard let response = responses.popFirst() else { return context.close(promise: nil) }
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: response)), promise: nil)
        }
    }

    private func withProxy<Value>(_ responses: [[UInt8]], _ body: (Int) async throws -> Value) async throws -> Value {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Responder(responses))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        do {
            let value = try await body(try #require(channel.localAddress?.port))
            try await channel.close()
            return value
        } catch {
            try await channel.close()
            throw error
        }
    }

    @Test(
        "if a SOCKS proxy refuses a connection or its response is invalid, the client explains it and exits with 6",
        arguments: [
            (responses: [], message: "the connection was closed before it was established"),
            ([[5, 0], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]], "the SOCKS proxy replied: connection refused"),
            ([[5, 0], [5, 99, 0, 1, 0, 0, 0, 0, 0, 0]], "the SOCKS proxy replied: error 99"),
            ([[5, 255]], "an authentication method that the client does not support"),
            ([[4, 0]], "the response from the SOCKS proxy is not valid"),
        ] as [(responses: [[UInt8]], message: String)]
    )
    func socks(responses: [[UInt8]], message: String) async throws {
        try await withPontoon { _, user in
            let run = try await withProxy(responses) { port in
                var user = user
                user.environment = ["ALL_PROXY": "socks5://127.0.0.1:\(port)"]
                return try await user.run(["projects", "--retries", "1"])
            }
            #expect(run.code == 6 && run.errors.contains(message), "\(run)")
        }
    }
}
