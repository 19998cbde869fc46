import Foundation
package import NIOCore
import NIOPosix
import PontoonCore
import Synchronization

/// A webhook receiver on 127.0.0.1 whose responses the test determines.
package final class WebhookReceiver: Sendable {
    package struct Request: Sendable {
        /// Method and target, such as `POST /hook`.
        package let line: String
        /// Names in lower case.
        package let headers: [String: String]
        package let body: String

        /// The event in the body.
        package var event: ReceivedEvent {
            get throws { try ReceivedEvent(try JSONDecoder().decode(JSONValue.self, from: Data(body.utf8))) }
        }

        /// Returns whether one of the signatures was made with a secret.
        package func isSigned(with secret: String) -> Bool {
            let time = headers["webhook-timestamp"].flatMap { Double($0) } ?? 0
            let expected = WebhookSignature.headers(
                id: headers["webhook-id"] ?? "",
                time: Date(timeIntervalSince1970: time),
                body: Array(body.utf8),
                secrets: [Secret(secret)]
            )
            let signatures = headers["webhook-signature"]?.split(separator: " ").map(String.init) ?? []
            return expected.contains { $0.name == "webhook-signature" && signatures.contains($0.value) }
        }
    }

    package struct Response: Sendable {
        let status: Int
        let headers: [String]

        package init(_ status: Int, headers: [String] = []) { (self.status, self.headers) = (status, headers) }
    }

    private let port: Int
    private let seen = Mutex<[(request: Request, status: Int)]>([])

    private init(port: Int) { self.port = port }

    /// The URL at which this receiver accepts events.
    package var url: String { "http://127.0.0.1:\(port)/hook" }
    /// All requests with the status of their responses, in the order of the responses.
    package var attempts: [(request: Request, status: Int)] { seen.withLock { $0 } }
    /// The events to which this receiver responded with a status below 300, in the order of the responses.
    package var accepted: [ReceivedEvent] {
        get throws { try attempts.filter { $0.status < 300 }.map { try $0.request.event } }
    }

    /// Runs a closure with a receiver; `respond` returns the response to each request, by default 204.
    package static func with<Value: Sendable>(
        respond: @escaping @Sendable (Request) async throws -> Response = { _ in Response(204) },
        _ body: @Sendable (WebhookReceiver) async throws -> Value
    ) async throws -> Value {
        try await run({ _ in }, respond, body)
    }

    /// Runs a closure with a receiver that accepts all events.
    ///
    /// `addHandlers` adds channel handlers, such as one for TLS, to each connection.
    package static func withHandlers<Value: Sendable>(
        _ addHandlers: @escaping @Sendable (any Channel) throws -> Void,
        _ body: @Sendable (WebhookReceiver) async throws -> Value
    ) async throws -> Value {
        try await run(addHandlers, { _ in Response(204) }, body)
    }

    private static func run<Value: Sendable>(
        _ addHandlers: @escaping @Sendable (any Channel) throws -> Void,
        _ respond: @escaping @Sendable (Request) async throws -> Response,
        _ body: @Sendable (WebhookReceiver) async throws -> Value
    ) async throws -> Value {
        let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try addHandlers(channel)
                    return try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let receiver = WebhookReceiver(port: listener.channel.localAddress?.port ?? 0)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.executeThenClose { connections in
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask { await receiver.serve(connection, respond) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(receiver)
        }
    }

    /// Responds to one request, and closes the connection.
    private func serve(
        _ connection: NIOAsyncChannel<ByteBuffer, ByteBuffer>,
        _ respond: @Sendable (Request) async throws -> Response
    ) async {
        // Errors are ignored, because a server that is killed closes its connections early.
        try? await connection.executeThenClose { inbound, _ in
            var received = ""
            for try await bytes in inbound {
                received += String(buffer: bytes)
                guard let request = Request(received) else { continue }
                let response = try await respond(request)
                seen.withLock { $0.append((request, response.status)) }
                let head = ["HTTP/1.1 \(response.status) Text", "Content-Length: 0", "Connection: close"]
                let text = (head + response.headers).joined(separator: "\r\n") + "\r\n\r\n"
                try await connection.channel.writeAndFlush(ByteBuffer(string: text))
                return
            }
        }
    }
}

extension WebhookReceiver.Request {
    /// Parses a request; `nil` if it is not complete.
    fileprivate init?(_ text: String) {
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let fields = lines.dropFirst().map { line -> (String, String) in
            let name = line.prefix { $0 != ":" }
            return (name.lowercased(), line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces))
        }
        headers = Dictionary(fields) { first, _ in first }
        body = String(text[end.upperBound...])
        guard body.utf8.count >= headers["content-length"].flatMap({ Int($0) }) ?? 0 else { return nil }
        line = lines.first?.split(separator: " ").prefix(2).joined(separator: " ") ?? ""
    }
}
