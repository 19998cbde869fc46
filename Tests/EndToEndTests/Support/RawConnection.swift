import NIOCore
import NIOPosix

/// A TCP connection on which a test writes what it likes: torn, slow or malformed requests.
struct RawConnection: Sendable {
    private let inbound: NIOAsyncChannelInboundStream<ByteBuffer>
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Runs with a connection to a server; it is closed afterwards.
    static func with<Value: Sendable>(
        _ server: ServerProcess,
        _ body: @Sendable (RawConnection) async throws -> Value
    ) async throws -> Value {
        let port = Int(server.origin.split(separator: ":").last ?? "") ?? 0
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await body(RawConnection(inbound: inbound, outbound: outbound))
        }
    }

    /// Writes bytes and waits until they are on their way.
    func write(_ bytes: ByteBuffer) async throws { try await outbound.write(bytes) }

    /// Writes text.
    func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Reads until the other side closes.
    func readToEnd(limit: Int = 1 << 20) async throws -> String {
        var all = ByteBuffer()
        for try await chunk in inbound {
            all.writeImmutableBuffer(chunk)
            if all.readableBytes > limit { break }
        }
        return String(buffer: all)
    }

    /// Reads until the text has come, or the other side closes.
    func read(until marker: String) async throws -> String {
        var all = ByteBuffer()
        for try await chunk in inbound {
            all.writeImmutableBuffer(chunk)
            if String(buffer: all).contains(marker) { break }
        }
        return String(buffer: all)
    }

    /// Reads until the other side closes; what is to be done once a text has come is done in between.
    func readToEnd(after marker: String, _ next: () async throws -> Void) async throws -> String {
        var all = ByteBuffer()
        var isDone = false
        for try await chunk in inbound {
            all.writeImmutableBuffer(chunk)
            guard !isDone, String(buffer: all).contains(marker) else { continue }
            isDone = true
            try await next()
        }
        return String(buffer: all)
    }
}
