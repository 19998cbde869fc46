import AsyncHTTPClient
package import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
package import PontoonCore
import PontoonHTTPClient

/// The HTTP client that sends events to the receivers of webhooks.
///
/// The client looks up the name of a receiver once, and connects to one of the addresses that it has checked.
/// Otherwise, the name could resolve to an allowed address for the check and to another address for the connection.
package struct WebhookClient: WebhookSender {
    private static let connectTimeout = TimeAmount.seconds(5)
    /// Time within which the head of the response must arrive, including the time to connect.
    private static let deadline = TimeAmount.seconds(10)
    /// Maximum time to read the body of a response.
    ///
    /// If reading takes longer, the connection is closed instead of reused.
    private static let bodyTimeout = Duration.seconds(2)
    /// Maximum number of bytes to read from the body of a response.
    ///
    /// If the body is longer, the connection is closed instead of reused.
    private static let maximumBody = 16 << 10

    private let addresses: WebhookAddresses
    private let resolver: AddressResolver
    private let ownAddresses: @Sendable () throws -> Set<NetworkAddress>
    private let now: @Sendable () -> Date

    /// - Parameters:
    ///   - addresses: The addresses to which the client may connect.
    ///   - now: Returns the current time.
    package init(addresses: WebhookAddresses, now: @escaping @Sendable () -> Date = { Date() }) {
        self.init(addresses: addresses, resolver: AddressResolver(), now: now)
    }

    /// - Parameters:
    ///   - addresses: The addresses to which the client may connect.
    ///   - resolver: Looks up host names; tests replace it.
    ///   - ownAddresses: Returns the addresses of this host; tests replace it.
    ///   - now: Returns the current time.
    init(
        addresses: WebhookAddresses,
        resolver: AddressResolver,
        ownAddresses: @escaping @Sendable () throws -> Set<NetworkAddress> = HostAddresses.current,
        now: @escaping @Sendable () -> Date
    ) {
        self.addresses = addresses
        self.resolver = resolver
        self.ownAddresses = ownAddresses
        self.now = now
    }

    package func open(_ target: WebhookURL, attempt: Int) async -> any WebhookConnection {
        let found: [NetworkAddress]
        if let address = NetworkAddress(target.host) {
            found = [address]
        } else {
            // A failed lookup is reported like an address that is not allowed, so that members of the project cannot
            // find out which internal host names exist.
            found = (try? await resolver.addresses(of: target.host)) ?? []
        }
        let own = try? ownAddresses()
        let allowed = found.filter { addresses.allows($0, own: own) }
        guard !allowed.isEmpty else { return Refusal(reason: Self.refusal(isOwnKnown: own != nil)) }
        // Each attempt uses the next address, because some addresses may be unreachable.
        let address = allowed[attempt % allowed.count]
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout = .init(connect: Self.connectTimeout, read: Self.deadline, write: Self.deadline)
        configuration.dnsOverride = [target.host: address.description]
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 1
        configuration.httpVersion = .http1Only
        configuration.http1_1ConnectionDebugInitializer = ResponseStatusCheck.add
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        configuration.tlsConfiguration = tls
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        return Connection(client: client, target: target, now: now)
    }

    private struct Refusal: WebhookConnection {
        let reason: String

        func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome {
            .failed(status: nil, reason: reason)
        }

        func close() async {}
    }

    private struct Connection: WebhookConnection {
        let client: HTTPClient
        let target: WebhookURL
        let now: @Sendable () -> Date

        func post(_ body: [UInt8], headers: [(name: String, value: String)]) async -> WebhookOutcome {
            var request = HTTPClientRequest(url: target.text)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/cloudevents+json; charset=utf-8")
            request.headers.add(name: "User-Agent", value: "pontoond/\(Build.version)")
            for header in headers { request.headers.add(name: header.name, value: header.value) }
            request.body = .bytes(ByteBuffer(bytes: body))
            do {
                let response = try await client.execute(request, deadline: .now() + WebhookClient.deadline)
                await WebhookClient.discard(response.body)
                let retryAfter = response.headers.first(name: "Retry-After")
                return WebhookOutcome(status: Int(response.status.code), retryAfter: retryAfter, now: now())
            } catch {
                return .failed(status: nil, reason: WebhookClient.reason(error))
            }
        }

        func close() async { try? await client.shutdown() }
    }

    private static func refusal(isOwnKnown: Bool) -> String {
        isOwnKnown
            ? """
            the receiver's name cannot be resolved, or its address is not allowed, because it is not on the public \
            Internet or belongs to this server; see --webhook-allow
            """
            : "this server cannot determine its own addresses; allow it netlink sockets, or see --webhook-allow"
    }

    /// Reads and ignores the body of a response, so that the connection can be reused.
    ///
    /// If the body is longer than ``maximumBody`` or takes longer than ``bodyTimeout``, the connection is closed
    /// instead.
    private static func discard(_ body: HTTPClientResponse.Body) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                var count = 0
                do {
                    for try await chunk in body {
                        count += chunk.readableBytes
                        if count > maximumBody { return }
                    }
                } catch {
                    // Only the status counts.
                }
            }
            group.addTask { try? await Task.sleep(for: bodyTimeout) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Returns the reason for a failure, without addresses, because members of the project can read it.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case let error as HTTPClientError:
            switch error {
            case .connectTimeout: "the receiver cannot be reached: connecting took too long"
            case .readTimeout, .deadlineExceeded, .writeTimeout: "the receiver did not respond in time"
            case .remoteConnectionClosed: "the receiver closed the connection"
            case .tlsHandshakeTimeout: "the TLS connection to the receiver failed; check its certificate"
            default: "the request to the receiver failed"
            }
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            "the TLS connection to the receiver failed; check its certificate"
        case is NIOConnectionError, is IOError: "the receiver cannot be reached"
        case is HTTPParserError: "the response from the receiver is not HTTP"
        default: "the request to the receiver failed"
        }
    }
}
