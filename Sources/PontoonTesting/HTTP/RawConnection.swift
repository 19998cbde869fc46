package import NIOCore
import NIOPosix
package import SystemPackage

/// A connection to a TCP port or a Unix socket, for truncated, slow or malformed requests.
package struct RawConnection: Sendable {
    private let inbox: Inbox
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>

    /// Connects to the port of a server on 127.0.0.1, runs a closure with the connection, and closes the connection.
    package static func with<Value: Sendable>(
        _ server: some ServerUnderTest,
        _ body: @Sendable (RawConnection) async throws -> Value
    ) async throws -> Value {
        try await with(
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(host: "127.0.0.1", port: try server.port, channelInitializer: asynchronous),
            body
        )
    }

    /// Connects to a Unix socket, runs a closure with the connection, and closes the connection.
    package static func with<Value: Sendable>(
        socket path: FilePath,
        _ body: @Sendable (RawConnection) async throws -> Value
    ) async throws -> Value {
        try await with(
            try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: path.string, channelInitializer: asynchronous),
            body
        )
    }

    @Sendable private static func asynchronous(
        _ channel: any Channel
    ) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> {
        channel.eventLoop.makeCompletedFuture {
            try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
    }

    private static func with<Value: Sendable>(
        _ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ body: @Sendable (RawConnection) async throws -> Value
    ) async throws -> Value {
        try await channel.executeThenClose { inbound, outbound in
            try await body(RawConnection(inbox: Inbox(inbound.makeAsyncIterator()), outbound: outbound))
        }
    }

    /// Waits while too many earlier bytes are buffered, and then adds bytes to the buffer of the connection.
    ///
    /// When the function returns, the bytes may not have been sent yet.
    package func write(_ bytes: ByteBuffer) async throws { try await outbound.write(bytes) }

    package func write(_ text: String) async throws { try await outbound.write(ByteBuffer(string: text)) }

    /// Returns the bytes that arrive until the server closes the connection, or until there are more than `limit`.
    package func readToEnd(limit: Int = 1 << 20) async throws -> String {
        try await inbox.take { $0.readableBytes > limit ? $0.readableBytes : nil }
    }

    /// Reads until the server closes the connection, and returns the number of bytes.
    package func countToEnd() async throws -> Int { try await inbox.countToEnd() }

    /// Returns all bytes that arrive until they contain `marker` or the server closes the connection.
    package func read(until marker: String) async throws -> String {
        try await inbox.take { String(buffer: $0).contains(marker) ? $0.readableBytes : nil }
    }

    /// Reads the head of one response, and leaves later bytes for the next read.
    ///
    /// Returns fewer bytes if the server closes the connection.
    package func readHead() async throws -> String {
        let end = Array("\r\n\r\n".utf8)
        return try await inbox.take { buffer in
            buffer.readableBytesView.firstRange(of: end).map { $0.upperBound - buffer.readerIndex }
        }
    }

    /// Reads one response, and leaves later bytes for the next read.
    ///
    /// The length of the body is taken from `Content-Length`; without this header, the body is empty.
    package func readResponse() async throws -> RawResponse {
        let head = try await readHead()
        let length = RawResponse(head: head, body: "").values(of: "Content-Length").first.flatMap { Int($0) } ?? 0
        return RawResponse(head: head, body: try await inbox.take { $0.readableBytes >= length ? length : nil })
    }
}

/// An HTTP response, as received.
package struct RawResponse: Sendable {
    package let head: String
    package let body: String

    /// The status in the first line; 0 if there is none.
    package var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }

    /// Returns the values of a header, one for each occurrence.
    package func values(of name: String) -> [String] {
        head.split(separator: "\r\n").filter { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { $0.dropFirst(name.count + 1).trimmingPrefix(" ").description }
    }
}

/// The bytes that have arrived on a connection and have not been read yet.
private actor Inbox {
    private var stream: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    private var buffer = ByteBuffer()

    init(_ stream: sending NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator) { self.stream = stream }

    /// Discards all bytes until the server closes the connection, and returns their number.
    func countToEnd() async throws -> Int {
        var count = buffer.readableBytes
        buffer.clear()
        var stream = stream
        while let chunk = try await stream.next(isolation: self) { count += chunk.readableBytes }
        self.stream = stream
        return count
    }

    /// Reads as many bytes as `count` returns, or all bytes if the server closes the connection.
    ///
    /// `count` is called whenever more bytes have arrived, until it returns a number.
    func take(_ count: @Sendable (ByteBuffer) -> Int?) async throws -> String {
        while true {
            if let count = count(buffer) { return buffer.readString(length: count) ?? "" }
            var stream = stream
            guard let chunk = try await stream.next(isolation: self) else {
                return buffer.readString(length: buffer.readableBytes) ?? ""
            }
            self.stream = stream
            buffer.writeImmutableBuffer(chunk)
        }
    }
}
