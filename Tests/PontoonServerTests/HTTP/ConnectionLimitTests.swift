import NIOCore
import NIOEmbedded
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

/// Limits on the number of connections.
@Suite(.timeLimit(.minutes(10)))
struct ConnectionLimitTests {
    private static let request = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test(
        "connections beyond the limits get 503, and new ones are admitted when others close",
        arguments: [["--max-connections", "8"], ["--max-connections-per-address", "4"]]
    )
    func limit(arguments: [String]) async throws {
        try await withTestServer(.live, arguments: arguments) { server in
            let api = server.api.withoutKeepAlive
            try await withConnections(4, to: server) {
                let refused = try APIResponse(raw: try await server.exchange(""))
                server.expectRefusal(refused, 503, 0, "one more connection")
                #expect(refused.headers["Retry-After"] == ["1"])
                #expect(refused.headers["Connection"] == ["close"])
            }
            try await eventually("connections are admitted again") {
                try await api.call(.GET, "/user").status == 200
            }
        }
    }

    @Test("addresses of the same IPv6 /64 network share a limit")
    func network() throws {
        let limiter = ConnectionLimiter(maximum: 100, maximumPerAddress: 1)
        var channels: [EmbeddedChannel] = []
        for (address, isAdmitted) in [
            ("2001:db8:0:1::1", true), ("2001:db8:0:1:ffff::2", false), ("2001:db8:0:2::1", true),
            ("2001:db9:0:1::1", true), ("192.0.2.1", true), ("192.0.2.2", true), ("192.0.2.1", false),
            ("::ffff:192.0.2.3", true), ("::ffff:192.0.2.4", true), ("192.0.2.4", false), ("::ffff:192.0.2.3", false),
        ] {
            let channel = EmbeddedChannel()
            channels.append(channel)
            try channel.connect(to: try SocketAddress(ipAddress: address, port: 1)).wait()
            switch limiter.admit(channel) {
            case .admitted: #expect(isAdmitted, "\(address)")
            case .refused, .closed: #expect(!isAdmitted, "\(address)")
            }
        }
        for channel in channels { _ = try channel.finish() }
        #expect(limiter.count == 0)
    }

    @Test("many refused connections do not affect admitted ones")
    func flood() async throws {
        try await withTestServer(.live, arguments: ["--max-connections", "8"]) { server in
            try await RawConnection.with(server) { connection in
                try await withConnections(3, to: server) {
                    for _ in 0..<5 {
                        try await withThrowingTaskGroup { group in
                            for _ in 0..<100 {
                                group.addTask { _ = try? await server.exchange(Self.request) }
                            }
                            try await connection.write(Self.request)
                            #expect(try await connection.read(until: "\"ok\"}").contains("200"))
                            try await group.waitForAll()
                        }
                    }
                }
            }
        }
    }

    /// Runs `body` while `count` connections are open.
    private func withConnections(
        _ count: Int,
        to server: TestServer,
        _ body: @Sendable () async throws -> Void
    ) async throws {
        guard count > 0 else { return try await body() }
        try await RawConnection.with(server) { connection in
            // A response proves that the server has admitted the connection.
            try await connection.write(Self.request)
            _ = try await connection.read(until: "\"ok\"}")
            try await withConnections(count - 1, to: server, body)
        }
    }
}
