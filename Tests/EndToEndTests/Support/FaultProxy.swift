import NIOCore
import NIOPosix

/// Stands between a client and a server, and does harm to some connections.
struct FaultProxy: Sendable {
    /// What happens to a connection.
    enum Fault: Sendable {
        case none
        /// Both ends see it closed after so many bytes of the client.
        case cutRequest(after: Int)
        /// The same after so many bytes of the server.
        case cutAnswer(after: Int)
        /// Nothing more passes after so many bytes of the client, and nothing is closed.
        case hang(after: Int)
        /// The first part waits before it goes on.
        case delayPart(Duration)
        /// The request whose first bytes have this in them reaches the server; its answer is lost with the connection.
        case loseAnswer(to: String)
        /// A word in the server's answers is another one of the same length.
        case replaceWord(String, with: String)
        /// The same in the client's requests.
        case replaceInRequest(String, with: String)
        /// One bit of the client's byte at this place is another one.
        case flipBit(at: Int)
    }

    let port: Int

    /// Runs with a proxy in front of a server; `fault` is asked for each connection, numbered from 0.
    static func with<Value: Sendable>(
        _ server: ServerProcess,
        fault: @escaping @Sendable (Int) -> Fault,
        _ body: @Sendable (FaultProxy) async throws -> Value
    ) async throws -> Value {
        guard let target = server.origin.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw UnexpectedAnswer(description: "no port in \(server.origin)")
        }
        return try await with(port: target, fault: fault, body)
    }

    /// Runs with a proxy in front of a port of this machine.
    static func with<Value: Sendable>(
        port target: Int,
        fault: @escaping @Sendable (Int) -> Fault,
        _ body: @Sendable (FaultProxy) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Bytes(wrapping: channel) }
            }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let numbers = Counter()
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            let fault = fault(numbers.next())
                            group.addTask { await Self.serve(connection, target, fault) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(FaultProxy(port: listener.channel.localAddress?.port ?? 0))
        }
    }

    typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Copies both ways until one side ends or the fault strikes; what fails is what was meant to.
    private static func serve(_ client: Bytes, _ target: Int, _ fault: Fault) async {
        let isLosing = Switch()
        do {
            let server = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: target) { channel in
                    channel.eventLoop.makeCompletedFuture { try Bytes(wrapping: channel) }
                }
            try await client.executeThenClose { fromClient, toClient in
                try await server.executeThenClose { fromServer, toServer in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        group.addTask { try await copy(fromClient, toServer, fault.ofRequest, isLosing) }
                        group.addTask { try await copy(fromServer, toClient, fault.ofAnswer, isLosing) }
                        try await group.next()
                        group.cancelAll()
                    }
                }
            }
        } catch {
            // A cut connection fails at either end.
        }
    }

    private static func copy(
        _ source: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ target: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ fault: Fault,
        _ isLosing: Switch
    ) async throws {
        var (count, parts) = (0, 0)
        for try await bytes in source {
            var bytes = bytes
            if case .loseAnswer(let word) = fault,
                String(decoding: bytes.readableBytesView.prefix(512), as: UTF8.self).contains(word)
            {
                isLosing.turnOn()
            }
            if case .none = fault, isLosing.isOn { return }
            bytes = fault.changed(bytes, after: count)
            if case .delayPart(let time) = fault, bytes.readableBytesView.starts(with: "PUT ".utf8) {
                if parts == 0 { try await Task.sleep(for: time) }
                parts += 1
            }
            count += bytes.readableBytes
            switch fault {
            case .cutRequest(let limit) where count >= limit: return
            case .hang(let limit) where count >= limit: try await Task.sleep(for: .seconds(3600))
            default: try await target.write(bytes)
            }
        }
    }
}

extension FaultProxy.Fault {
    /// Bytes with its change, so many bytes of the connection after its beginning.
    fileprivate func changed(_ bytes: ByteBuffer, after count: Int) -> ByteBuffer {
        var bytes = bytes
        switch self {
        case .replaceWord(let word, let other), .replaceInRequest(let word, let other):
            let changed = Array(bytes.readableBytesView).replacing(Array(word.utf8), with: Array(other.utf8))
            return ByteBuffer(bytes: changed)
        case .flipBit(let place) where (count..<count + bytes.readableBytes).contains(place):
            let index = bytes.readerIndex + place - count
            bytes.setInteger((bytes.getInteger(at: index) ?? UInt8(0)) ^ 1, at: index)
        default: break
        }
        return bytes
    }

    /// What it does to the bytes of the client.
    fileprivate var ofRequest: FaultProxy.Fault {
        switch self {
        case .cutAnswer, .replaceWord: .none
        default: self
        }
    }

    /// What it does to the bytes of the server.
    fileprivate var ofAnswer: FaultProxy.Fault {
        switch self {
        case .cutAnswer(let limit): .cutRequest(after: limit)
        case .replaceWord: self
        default: .none
        }
    }
}

extension FaultProxy.Bytes {
    fileprivate init(wrapping channel: any Channel) throws {
        try self.init(wrappingChannelSynchronously: channel)
    }
}
