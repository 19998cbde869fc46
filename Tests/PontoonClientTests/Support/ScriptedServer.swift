import Foundation
import NIOCore
import NIOPosix
import Synchronization

@testable import PontoonClient

/// An HTTP server on 127.0.0.1 whose responses a test specifies as bytes, so that they can be malformed.
///
/// The server closes each connection after one response, unless ``Response/staysOpen`` is set.
final class ScriptedServer: Sendable {
    struct Request: Sendable {
        /// Method and target, such as `GET /v2/files?offset=0`.
        let line: String
        /// The request's head with its original letter case.
        let head: String

        var path: String { String(line.split(separator: " ").last ?? "").replacing(/\?.*/, with: "") }

        func query(_ name: String) -> String? {
            URLComponents(string: String(line.split(separator: " ").last ?? ""))?.queryItems?.first { $0.name == name }?
                .value
        }
    }

    struct Response: Sendable {
        let bytes: String
        /// Whether the connection stays open after the response, until the client closes it.
        var staysOpen = false

        init(raw bytes: String, staysOpen: Bool = false) { (self.bytes, self.staysOpen) = (bytes, staysOpen) }

        init(_ body: String, status: Int = 200, headers: [String] = []) {
            let lines =
                ["HTTP/1.1 \(status) Text", "Content-Length: \(body.utf8.count)", "Connection: close"] + headers
            bytes = lines.joined(separator: "\r\n") + "\r\n\r\n" + body
        }
    }

    let port: Int
    private let seen = Mutex<[Request]>([])

    private init(port: Int) { self.port = port }

    var requests: [Request] { seen.withLock { $0 } }

    /// Runs `body` with a server and a client of this server.
    ///
    /// `respond` is called for each request and returns the response.
    static func with<Value: Sendable>(
        respond: @escaping @Sendable (Request) -> Response,
        settings: ClientSettings = ClientSettings(),
        _ body: @Sendable (ScriptedServer, SevenBridgesClient) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let server = ScriptedServer(port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await server.serve(connection, respond) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            let credentials = Credentials(
                endpoint: try Endpoint("http://127.0.0.1:\(server.port)/v2"),
                token: AuthToken("t"),
                source: "the test"
            )
            return try await SevenBridgesClient.withClient(credentials, settings: settings) { client in
                try await body(server, client)
            }
        }
    }

    private func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ respond: @Sendable (Request) -> Response
    ) async {
        // A client may close the connection early. This is not an error of the server.
        try? await connection.executeThenClose { inbound, _ in
            var (received, wanted) = ("", Int?.none)
            var chunks = inbound.makeAsyncIterator()
            while let bytes = try await chunks.next() {
                received += String(buffer: bytes)
                if wanted == nil, let end = received.firstRange(of: "\r\n\r\n")?.upperBound {
                    let length = received[..<end].firstMatch(of: /(?i)content-length: *([0-9]+)/).flatMap { Int($0.1) }
                    wanted = received.utf8.distance(from: received.startIndex, to: end) + (length ?? 0)
                }
                guard let wanted, received.utf8.count >= wanted else { continue }
                let end = received.firstRange(of: "\r\n\r\n")?.lowerBound ?? received.endIndex
                let head = String(received[..<end])
                let words = head.prefix { $0 != "\r\n" }.split(separator: " ")
                let request = Request(line: words.prefix(2).joined(separator: " "), head: head)
                seen.withLock { $0.append(request) }
                let response = respond(request)
                // Unlike the outbound writer, this waits until the bytes are sent. Closing the connection would discard
                // unsent bytes.
                try await connection.channel.writeAndFlush(ByteBuffer(string: response.bytes))
                if response.staysOpen { while try await chunks.next() != nil {} }
                return
            }
        }
    }
}

extension ClientSettings {
    /// Settings with two attempts per request and almost no pause.
    static var impatient: ClientSettings {
        var settings = ClientSettings()
        settings.retry.attempts = 2
        settings.retry.initialBackoff = .milliseconds(1)
        // So that no call is repeated because the machine is slow.
        settings.callTimeout = .seconds(600)
        return settings
    }
}
