import NIOCore
package import NIOSSL
import Synchronization

/// The TLS configuration of new connections, which can be replaced while the server runs.
package final class ServerTLS: Sendable {
    private let current: Mutex<NIOSSLContext>

    /// Time to wait for the client's `close_notify` alert when a connection is closed.
    private static let shutdownTimeout = TimeAmount.seconds(2)

    package init(_ context: NIOSSLContext) { current = Mutex(context) }

    /// Replaces the configuration; open connections keep theirs.
    package func replace(with context: NIOSSLContext) { current.withLock { $0 = context } }

    /// Adds encryption to a new connection.
    ///
    /// Must be called on the connection's event loop, before other handlers are added.
    ///
    /// - Throws: An error if the channel is already closed.
    func addHandler(to channel: any Channel) throws {
        let handler = NIOSSLServerHandler(context: current.withLock { $0 })
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    /// Creates the configuration: TLS 1.2 or later with forward secrecy and authenticated encryption, and HTTP/1.1.
    ///
    /// - Parameters:
    ///   - chain: The server's certificate, followed by the intermediate certificates.
    ///   - key: The private key of the certificate.
    ///   - clientCertificateAuthorities: The CA certificates for client authentication, which require every client to
    ///     present a certificate issued by one of these CAs; `nil` if clients need no certificate.
    /// - Returns: The configuration.
    /// - Throws: A NIOSSL error if the certificates and the key cannot be used together.
    package static func context(
        chain: [NIOSSLCertificate],
        key: NIOSSLPrivateKey,
        clientCertificateAuthorities: [NIOSSLCertificate]?
    ) throws -> NIOSSLContext {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) },
            privateKey: .privateKey(key)
        )
        configuration.minimumTLSVersion = .tlsv12
        // These cipher suites apply to TLS 1.2 only. All cipher suites of TLS 1.3 have the same properties.
        configuration.cipherSuiteValues = [
            .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        ]
        configuration.applicationProtocols = ["http/1.1"]
        configuration.shutdownTimeout = shutdownTimeout
        if let authorities = clientCertificateAuthorities {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(authorities)
            configuration.sendCANameList = true
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
