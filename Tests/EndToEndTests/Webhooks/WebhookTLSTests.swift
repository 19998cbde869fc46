import NIOCore
import NIOHTTP1
import NIOSSL
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Delivery to receivers with TLS, whose certificates the server verifies.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct WebhookTLSTests {
    private static let types = ["folder.created"]

    /// The reason why a receiver cannot be trusted.
    enum Fault: String, CaseIterable, Sendable {
        case unknownAuthority, selfSigned, expired
        /// The certificate is for another name than the URL's host.
        case otherName
        /// The certificate is for a name, but the URL contains an IP address.
        case otherAddress
        /// The receiver supports no TLS version later than 1.1.
        case oldProtocol
        /// The receiver does not use TLS.
        case plain
    }

    @Test("a receiver gets events if the system trusts the authority of its certificate, by name and by address")
    func trusted() async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            let pair = try await authority.issue("receiver")
            try await Self.withReceiver(pair) { receiver in
                try await withServer(Self.options(folder, trusting: authority)) { server in
                    var secrets: [String] = []
                    for host in ["127.0.0.1", "localhost"] {
                        let url = Self.url(receiver, host: host)
                        let webhook = try await server.api.createWebhook(url, types: Self.types)
                        secrets.append(webhook.secret)
                        let test = try await server.api.call(.POST, "/webhooks/\(webhook.id)/actions/test")
                        #expect(test["success"] == true && test["status"] == 204, "\(test.bodyText)")
                    }
                    _ = try await server.api.makeFolder("a")
                    try await eventually("both webhooks have sent the event") {
                        try receiver.accepted.count { $0.type == "folder.created" } == 2
                    }
                    for secret in secrets {
                        let signed = receiver.attempts.filter { $0.request.isSigned(with: secret) }
                        #expect(try signed.map { try $0.request.event.type } == ["webhook.test", "folder.created"])
                    }
                }
            }
        }
    }

    @Test(
        "a receiver that cannot be verified gets nothing, and the failed attempts are repeated and reported",
        arguments: Fault.allCases
    )
    func refused(_ fault: Fault) async throws {
        try await withTemporaryFolder { folder in
            let authority = try await TestAuthority(in: folder.appending("ca"))
            try await Self.withReceiver(try await authority.issue("good")) { good in
                try await Self.withReceiver(fault, authority, folder) { bad in
                    try await withServer(Self.options(folder, trusting: authority)) { server in
                        let host = fault == .otherName ? "localhost" : "127.0.0.1"
                        let webhook = try await server.api.createWebhook(Self.url(bad, host: host), types: Self.types)
                        let path = "/webhooks/\(webhook.id)"
                        let test = try await server.api.call(.POST, "\(path)/actions/test")
                        #expect(test.status == 200 && test["success"] == false && test["status"] == nil)
                        // The handshake with a receiver without TLS times out.
                        let reason = fault == .plain ? "connecting took too long" : "check its certificate"
                        #expect(try test.text("error").contains(reason), "\(test.bodyText)")

                        _ = try await server.api.createWebhook(Self.url(good), types: Self.types)
                        _ = try await server.api.makeFolder("a")
                        try await eventually("the other receiver has the event") { try good.accepted.count == 1 }
                        try await eventually("the attempt has been repeated") {
                            let attempts = try await server.api.call(.GET, path)["attempts"]?.integer
                            return (attempts ?? 0) >= 2
                        }
                        let state = try await server.api.call(.GET, path)
                        #expect(state["state"] == "active" && state["delivered"] == 0 && state["dead"] == 0)
                        #expect(state["failing_since"] != nil && state["next_attempt"] != nil)
                        #expect(state["last_attempt"]?["success"] == false && state["last_attempt"]?["status"] == nil)
                        #expect(bad.attempts.isEmpty, "neither an event nor a request without TLS has arrived")

                        // The event is not lost: once the URL is correct, it is delivered.
                        try await server.api.perform(.PATCH, path, ["url": .string(Self.url(good))])
                        try await eventually("the event is delivered") { try good.accepted.count == 2 }
                        #expect(try Set(good.accepted.map { $0.text("id") }).count == 1)
                    }
                }
            }
        }
    }

    // MARK: - Servers and receivers

    /// Returns options of a server that may send events to 127.0.0.1, and trusts only `authority`.
    ///
    /// In the server's mount namespace, the authority's certificate replaces the certificates that the system trusts.
    private static func options(_ folder: FilePath, trusting authority: TestAuthority) -> ServerOptions {
        let script = "mount --bind \"$0\" /etc/ssl/certs/ca-certificates.crt && exec \"$@\""
        return ServerOptions(
            data: folder.appending("data"),
            arguments: ["--webhook-allow", "127.0.0.1"],
            wrapper: [
                "/usr/bin/unshare", "--mount", "--map-root-user", "/bin/sh", "-c", script,
                authority.certificate.string,
            ]
        )
    }

    private static func url(_ receiver: WebhookReceiver, host: String = "127.0.0.1") -> String {
        receiver.url.replacing("http://127.0.0.1", with: "https://\(host)")
    }

    /// Runs `body` with a receiver that cannot be trusted.
    private static func withReceiver(
        _ fault: Fault,
        _ authority: TestAuthority,
        _ folder: FilePath,
        _ body: @Sendable (WebhookReceiver) async throws -> Void
    ) async throws {
        switch fault {
        case .unknownAuthority:
            // This authority has the same name as the trusted one.
            let other = try await TestAuthority(in: folder.appending("other"))
            try await withReceiver(try await other.issue("bad"), body)
        case .selfSigned:
            let other = try await TestAuthority(in: folder.appending("self-signed"))
            try await withReceiver(CertificatePair(other, "ca"), body)
        case .expired: try await withReceiver(try await authority.issue("bad", days: 1, shift: "-20d"), body)
        case .otherName: try await withReceiver(try await authority.issue("bad", for: "DNS:receiver.example"), body)
        case .otherAddress: try await withReceiver(try await authority.issue("bad", for: "DNS:localhost"), body)
        case .oldProtocol: try await withReceiver(try await authority.issue("bad"), latest: .tlsv11, body)
        case .plain: try await WebhookReceiver.with(body)
        }
    }

    /// Runs `body` with a receiver that accepts all events over TLS.
    ///
    /// The receiver supports TLS 1.0 to `version`, or the default versions if `version` is `nil`.
    private static func withReceiver(
        _ pair: CertificatePair,
        latest version: TLSVersion? = nil,
        _ body: @Sendable (WebhookReceiver) async throws -> Void
    ) async throws {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(pair.certificate.string).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: pair.key.string, format: .pem))
        )
        if let version {
            (configuration.minimumTLSVersion, configuration.maximumTLSVersion) = (.tlsv1, version)
            configuration.cipherSuites = "ECDHE-ECDSA-AES128-SHA"
        }
        let context = try NIOSSLContext(configuration: configuration)
        try await WebhookReceiver.withHandlers(
            { try $0.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context)) },
            body
        )
    }
}
