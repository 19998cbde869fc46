import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonApp

/// The addresses to which events may be sent.
@Suite(.timeLimit(.minutes(10)))
struct WebhookClientTests {
    private struct Unavailable: Error {}

    /// Sends a request with a client that resolves every name to one address.
    private func post(
        to url: String,
        at address: String,
        allowing networks: [String] = [],
        own: @escaping @Sendable () throws -> Set<NetworkAddress>
    ) async throws -> WebhookOutcome {
        let address = try #require(NetworkAddress(address))
        let client = WebhookClient(
            addresses: WebhookAddresses(allowing: try networks.map { try #require(IPNetwork($0)) }),
            resolver: AddressResolver(lookUp: { _ in [address] }),
            ownAddresses: own,
            now: { Date() }
        )
        let connection = await client.open(try WebhookURL(url), attempt: 0)
        let outcome = await connection.post(Array("{}".utf8), headers: [])
        await connection.close()
        return outcome
    }

    private func expectRefusal(
        _ outcome: WebhookOutcome,
        _ text: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        guard case .failed(nil, let reason, nil) = outcome else {
            Issue.record("\(outcome)", sourceLocation: sourceLocation)
            return
        }
        let isExpected = reason.contains(text) && reason.contains("--webhook-allow")
        #expect(isExpected, "\(reason)", sourceLocation: sourceLocation)
    }

    @Test("the addresses of this host are detected, and none of them is allowed")
    func thisHost() throws {
        let own = try HostAddresses.current()
        #expect(try own.contains(#require(NetworkAddress("127.0.0.1"))))
        for address in own { #expect(!WebhookAddresses().allows(address, own: own), "\(address)") }
    }

    @Test("nothing is sent to a public address of the server", arguments: ["8.8.8.8", "::ffff:8.8.8.8"])
    func own(_ address: String) async throws {
        let own = try #require(NetworkAddress("8.8.8.8"))
        for url in ["http://receiver.example/", "http://8.8.8.8/", "http://[::ffff:8.8.8.8]/"] {
            expectRefusal(try await post(to: url, at: address, own: { [own] }), "belongs to this server")
        }
    }

    @Test("the server's own address is allowed if it is listed")
    func listed() async throws {
        let own = try #require(NetworkAddress("127.0.0.1"))
        try await WebhookReceiver.with { receiver in
            let url = receiver.url.replacing("127.0.0.1", with: "receiver.example")
            let outcome = try await post(to: url, at: "127.0.0.1", allowing: ["127.0.0.1"], own: { [own] })
            #expect(outcome == .accepted(status: 204))
            expectRefusal(try await post(to: url, at: "127.0.0.1", own: { [own] }), "public Internet")
            #expect(receiver.attempts.count == 1)
        }
    }

    @Test("while the server's own addresses are unknown, only listed networks are allowed")
    func unknown() async throws {
        try await WebhookReceiver.with { receiver in
            let outcome = try await post(
                to: receiver.url,
                at: "127.0.0.1",
                allowing: ["127.0.0.1"],
                own: { throw Unavailable() }
            )
            #expect(outcome == .accepted(status: 204))
        }
        let refused = try await post(to: "http://receiver.example/", at: "8.8.8.8", own: { throw Unavailable() })
        expectRefusal(refused, "netlink")
    }
}
