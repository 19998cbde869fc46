import NIOCore
import NIOPosix
import Synchronization

/// A TCP proxy that injects faults into connections.
package struct FaultInjectionProxy: Sendable {
    /// The fault to inject into a connection.
    package enum Fault: Sendable {
        case none
        /// Closes both connections when this many bytes have arrived from the client, without forwarding the last
        /// chunk.
        case cutRequest(after: Int)
        /// Closes both connections when this many bytes have arrived from the server, without forwarding the last
        /// chunk.
        case cutResponse(after: Int)
        /// Stops forwarding requests when this many bytes have arrived from the client, without closing a connection.
        case hang(after: Int)
        /// Truncates the responses that the cutter selects.
        case cutResponses(ResponseCutter)
        /// Blocks the requests that the valve selects, until the valve is released or discards them.
        case holdRequests(RequestValve)
        /// Sends the response that the closure returns for a request's head, instead of forwarding the request, and
        /// then closes both connections; forwards the request if the closure returns `nil`.
        case respond(@Sendable (String) -> String?)
        /// Replaces a word in the server's responses with another word of the same length.
        case replaceWord(String, with: String)
        /// Replaces a word in the client's requests with another word of the same length.
        case replaceInRequest(String, with: String)
        /// Flips one bit of the byte at this offset in the data that the client sends on the connection.
        case flipBit(at: Int)
    }

    /// Port of 127.0.0.1 on which the proxy listens.
    package let port: Int

    /// Runs a closure while a proxy forwards connections to a port of 127.0.0.1.
    ///
    /// - Parameters:
    ///   - target: Port of the server.
    ///   - fault: Returns the fault to inject into a connection, given the connection's number, starting from 0.
    ///   - body: The closure, which receives the proxy.
    /// - Returns: The body's result.
    /// - Throws: The body's error.
    @discardableResult
    package static func with<Value: Sendable>(
        port target: Int,
        fault: @escaping @Sendable (Int) -> Fault,
        _ body: @Sendable (FaultInjectionProxy) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Bytes(wrapping: channel) }
            }
        let port = try require(listener.channel.localAddress?.port, "a listening socket has a port")
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var number = 0
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await client in connections {
                            let connection = Connection(target: target, fault: fault(number))
                            number += 1
                            group.addTask { await connection.serve(client) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(FaultInjectionProxy(port: port))
        }
    }

    private typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// A connection from a client, and the corresponding connection to the server.
    private final class Connection: Sendable {
        private let target: Int
        private let fault: Fault
        /// Number of bytes of the response that may still be forwarded; `nil` forwards all bytes.
        private let responseLimit = Mutex<Int?>(nil)

        init(target: Int, fault: Fault) {
            self.target = target
            self.fault = fault
        }

        /// Forwards bytes in both directions until one side closes or the fault closes the connection.
        func serve(_ client: Bytes) async {
            do {
                let server = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                    .connect(host: "127.0.0.1", port: target) { channel in
                        channel.eventLoop.makeCompletedFuture { try Bytes(wrapping: channel) }
                    }
                try await client.executeThenClose { fromClient, toClient in
                    try await server.executeThenClose { fromServer, toServer in
                        try await withThrowingTaskGroup(of: Void.self) { group in
                            group.addTask { [self] in try await copyRequests(fromClient, toServer, toClient) }
                            group.addTask { [self] in try await copyResponses(fromServer, toClient) }
                            try await group.next()
                            group.cancelAll()
                        }
                    }
                }
            } catch {
                // Errors are expected, because the injected faults break connections.
            }
        }

        private func copyRequests(
            _ source: NIOAsyncChannelInboundStream<ByteBuffer>,
            _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>,
            _ client: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) async throws {
            var count = 0
            for try await bytes in source {
                let head = String(decoding: bytes.readableBytesView.prefix(2000), as: UTF8.self)
                switch fault {
                case .cutResponses(let cutter):
                    if let limit = cutter.limit(head) { responseLimit.withLock { $0 = limit } }
                case .holdRequests(let valve): try await valve.pass(head)
                case .respond(let response):
                    if let text = response(head) { return try await client.write(ByteBuffer(string: text)) }
                default: break
                }
                let changed = fault.changedRequest(bytes, at: count)
                count += bytes.readableBytes
                switch fault {
                case .cutRequest(let limit) where count >= limit: return
                case .hang(let limit) where count >= limit: try await Task.sleep(for: .seconds(3600))
                default: try await target.write(changed)
                }
            }
        }

        private func copyResponses(
            _ source: NIOAsyncChannelInboundStream<ByteBuffer>,
            _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>
        ) async throws {
            var count = 0
            for try await bytes in source {
                count += bytes.readableBytes
                if case .cutResponse(let limit) = fault, count >= limit { return }
                let limit = responseLimit.withLock { limit in
                    defer { limit = limit.map { max(0, $0 - bytes.readableBytes) } }
                    return limit
                }
                guard let limit, bytes.readableBytes >= limit else {
                    try await target.write(fault.changedResponse(bytes))
                    continue
                }
                if let rest = bytes.getSlice(at: bytes.readerIndex, length: limit) { try await target.write(rest) }
                return
            }
        }
    }
}

/// A fault injector that truncates the responses to selected requests after the server has executed them.
package final class ResponseCutter: Sendable {
    private struct State {
        var text = ""
        var bytes = 0
        var left = 0
        var count = 0
    }

    private let state = Mutex(State())

    /// Creates a cutter that truncates no response until ``cut(_:afterBytes:times:)`` is called.
    package init() {}

    /// Truncates the next responses to requests with a text in their head, and closes their connections.
    ///
    /// - Parameters:
    ///   - text: Part of the request's head.
    ///   - bytes: Number of bytes of the response to forward.
    ///   - times: Number of responses to truncate.
    package func cut(_ text: String, afterBytes bytes: Int = 0, times: Int = 1) {
        state.withLock { ($0.text, $0.bytes, $0.left) = (text, bytes, times) }
    }

    /// Number of truncated responses.
    package var count: Int { state.withLock { $0.count } }

    fileprivate func limit(_ head: String) -> Int? {
        state.withLock { state in
            guard state.left > 0, head.contains(state.text) else { return nil }
            state.left -= 1
            state.count += 1
            return state.bytes
        }
    }
}

/// A valve that blocks requests, so that a test can act while the client is waiting.
package final class RequestValve: Sendable {
    private enum Verdict {
        case hold, pass, drop
    }

    private let text: String
    private let state: Mutex<(passes: Int, isHolding: Bool, verdict: Verdict)>

    /// Creates a valve that blocks requests with a text in their head until ``release()`` or ``discard()`` is called.
    ///
    /// - Parameters:
    ///   - text: Part of the head of the requests to block.
    ///   - passes: Number of such requests to forward before the first is blocked.
    package init(_ text: String, passes: Int = 0) {
        self.text = text
        state = Mutex((passes, false, .hold))
    }

    /// Blocks all matching requests from now on, unless ``release()`` or ``discard()`` was called.
    package func close() { state.withLock { $0.passes = 0 } }

    /// Forwards the blocked requests and all later requests.
    package func release() { state.withLock { $0.verdict = .pass } }

    /// Closes the connections of the blocked requests, and forwards all later requests.
    ///
    /// For tests in which the client of the blocked requests has exited.
    package func discard() { state.withLock { $0.verdict = .drop } }

    /// Waits until a request has been blocked.
    ///
    /// - Throws: ``ContractViolation`` if no request is blocked in time.
    package func holding() async throws {
        try await eventually("a request with '\(text)' is blocked") { state.withLock { $0.isHolding } }
    }

    fileprivate func pass(_ head: String) async throws {
        guard head.contains(text) else { return }
        let isFree = state.withLock { state in
            guard state.passes == 0 else {
                state.passes -= 1
                return true
            }
            state.isHolding = true
            return state.verdict != .hold
        }
        if isFree { return }
        while true {
            switch state.withLock({ $0.verdict }) {
            case .hold: try await Task.sleep(for: .milliseconds(5))
            case .pass: return
            case .drop: throw ChannelError.eof
            }
        }
    }
}

extension FaultInjectionProxy.Fault {
    /// Applies this fault to bytes from the client; `offset` is the number of bytes that the client sent before them.
    fileprivate func changedRequest(_ bytes: ByteBuffer, at offset: Int) -> ByteBuffer {
        switch self {
        case .replaceInRequest(let word, let other): return bytes.replacing(word, with: other)
        case .flipBit(let place) where (offset..<offset + bytes.readableBytes).contains(place):
            var bytes = bytes
            let index = bytes.readerIndex + place - offset
            bytes.setInteger((bytes.getInteger(at: index) ?? UInt8(0)) ^ 1, at: index)
            return bytes
        default: return bytes
        }
    }

    /// Applies this fault to bytes from the server.
    fileprivate func changedResponse(_ bytes: ByteBuffer) -> ByteBuffer {
        guard case .replaceWord(let word, let other) = self else { return bytes }
        return bytes.replacing(word, with: other)
    }
}

extension ByteBuffer {
    fileprivate func replacing(_ word: String, with other: String) -> ByteBuffer {
        ByteBuffer(bytes: Array(readableBytesView).replacing(Array(word.utf8), with: Array(other.utf8)))
    }
}

extension NIOAsyncChannel<ByteBuffer, ByteBuffer> {
    fileprivate init(wrapping channel: any Channel) throws {
        try self.init(wrappingChannelSynchronously: channel)
    }
}
