import Foundation
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonApp

/// Connections to receivers whose host names resolve to several addresses, or to different addresses each time.
@Suite("Connections to the receivers of webhooks", .timeLimit(.minutes(10)))
struct WebhookConnectionTests {
    private static let body = Array("{}".utf8)

    /// Creates a client whose lookups return these answers in order.
    ///
    /// The last answer is repeated.
    private static func client(
        answers: [[String]],
        allowing networks: [String] = ["127.0.0.1"],
        lookups: Counter = Counter()
    ) throws -> WebhookClient {
        let answers = try answers.map { try $0.map { try #require(NetworkAddress($0)) } }
        return WebhookClient(
            addresses: WebhookAddresses(allowing: try networks.map { try #require(IPNetwork($0)) }),
            resolver: AddressResolver { _ in
                let number = lookups.increment()
                return number < answers.count ? answers[number] : answers.last ?? []
            },
            now: { Date() }
        )
    }

    /// Returns the URL of a receiver with a host name that does not exist in the DNS.
    private static func named(_ receiver: WebhookReceiver) throws -> WebhookURL {
        try WebhookURL(receiver.url.replacing("127.0.0.1", with: "receiver.invalid"))
    }

    private static func send(_ client: WebhookClient, _ target: WebhookURL, attempt: Int = 0) async -> WebhookOutcome {
        let connection = await client.open(target, attempt: attempt)
        let outcome = await connection.post(body, headers: [])
        await connection.close()
        return outcome
    }

    private static func expectRefusal(_ outcome: WebhookOutcome, sourceLocation: SourceLocation = #_sourceLocation) {
        guard case .failed(nil, let reason, nil) = outcome else {
            Issue.record("\(outcome)", sourceLocation: sourceLocation)
            return
        }
        #expect(reason.contains("--webhook-allow"), sourceLocation: sourceLocation)
        // Members of the project must not learn to which addresses names in the server's network resolve.
        #expect(reason.firstMatch(of: /[0-9]/) == nil, "\(reason)", sourceLocation: sourceLocation)
    }

    @Test("a response with a status that HTTP does not have is a failed attempt", arguments: ["000", "050", "099"])
    func statusBelowMinimum(_ status: String) async throws {
        let end = "Content-Length: 2\r\n\r\n{}"
        try await RawResponder.with("HTTP/1.1 \(status) OK\r\n\(end)HTTP/1.1 204 OK\r\n\r\n") { port in
            let outcome = await Self.send(try Self.client(answers: []), try WebhookURL("http://127.0.0.1:\(port)/"))
            guard case .failed(nil, let reason, nil) = outcome else {
                Issue.record("\(outcome)")
                return
            }
            #expect(reason == "the response from the receiver is not HTTP")
        }
    }

    @Test(
        "a name that resolves to an address that is not public is refused",
        arguments: ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1"]
    )
    func privateAddress(_ address: String) async throws {
        try await WebhookReceiver.with { receiver in
            let client = try Self.client(answers: [[address]], allowing: [])
            let target = try Self.named(receiver)
            Self.expectRefusal(await Self.send(client, target))
            #expect(receiver.attempts.isEmpty)
        }
    }

    @Test("all requests of a connection go to the address that was checked, whatever a later lookup returns")
    func rebinding() async throws {
        try await WebhookReceiver.with { receiver in
            let lookups = Counter()
            // 127.0.0.1 stands for a public address here, and 169.254.169.254 for one that is not allowed.
            let client = try Self.client(answers: [["127.0.0.1"], ["169.254.169.254"]], lookups: lookups)
            let target = try Self.named(receiver)
            let connection = await client.open(target, attempt: 0)
            for _ in 0..<3 {
                // The receiver closes the TCP connection after each response, so the client connects each time.
                #expect(await connection.post(Self.body, headers: []) == .accepted(status: 204))
            }
            await connection.close()
            #expect(lookups.count == 1)
            let hosts = Set(receiver.attempts.map { $0.request.headers["host"] ?? "" })
            #expect(hosts == ["receiver.invalid:\(target.port)"])
            Self.expectRefusal(await Self.send(client, target))
            #expect(lookups.count == 2 && receiver.attempts.count == 3)
        }
    }

    @Test("of several addresses of a host, only those that are allowed are used", arguments: 0..<4)
    func mixed(attempt: Int) async throws {
        try await WebhookReceiver.with { receiver in
            let client = try Self.client(answers: [["10.0.0.1", "127.0.0.1", "169.254.169.254"]])
            let target = try Self.named(receiver)
            #expect(await Self.send(client, target, attempt: attempt) == .accepted(status: 204))
        }
    }

    @Test("after a failure, the next address is used")
    func nextAddress() async throws {
        try await WebhookReceiver.with { receiver in
            // The receiver listens only on the second address.
            let client = try Self.client(answers: [["127.0.0.2", "127.0.0.1"]], allowing: ["127.0.0.0/8"])
            let target = try Self.named(receiver)
            guard case .failed(nil, _, nil) = await Self.send(client, target, attempt: 0) else {
                Issue.record("nothing listens on 127.0.0.2")
                return
            }
            #expect(await Self.send(client, target, attempt: 1) == .accepted(status: 204))
            #expect(receiver.attempts.count == 1)
        }
    }

    @Test("an address in the URL is not looked up, and a name without addresses is refused")
    func unknown() async throws {
        try await WebhookReceiver.with { receiver in
            let lookups = Counter()
            let client = try Self.client(answers: [[]], lookups: lookups)
            let targets = [try WebhookURL(receiver.url), try Self.named(receiver)]
            #expect(await Self.send(client, targets[0]) == .accepted(status: 204))
            #expect(lookups.count == 0)
            let outcome = await Self.send(client, targets[1])
            Self.expectRefusal(outcome)
        }
    }

    @Test("the reason does not reveal whether an internal name exists", arguments: [true, false])
    func internalNames(isOwnKnown: Bool) async throws {
        struct Unavailable: Error {}
        let address = try #require(NetworkAddress("10.0.0.1"))
        let target = try WebhookURL("http://receiver.example/")
        var outcomes: [WebhookOutcome] = []
        for found in [[address], []] {
            let client = WebhookClient(
                addresses: WebhookAddresses(),
                resolver: AddressResolver { _ in found },
                ownAddresses: {
                    guard isOwnKnown else { throw Unavailable() }
                    return []
                },
                now: { Date() }
            )
            outcomes.append(await Self.send(client, target))
        }
        Self.expectRefusal(outcomes[0])
        #expect(outcomes[0] == outcomes[1])
    }

    /// A counter of lookups.
    private final class Counter: Sendable {
        private let number = Mutex(0)

        var count: Int { number.withLock { $0 } }

        /// Returns the number before it is incremented.
        func increment() -> Int {
            number.withLock { number in
                defer { number += 1 }
                return number
            }
        }
    }
}
