import NIOSSL

/// The explanation of a TLS error.
///
/// It is shown instead of the library's text, which contains function names and build paths.
struct TLSFailure {
    let kind: TransportFailure.Kind
    let reason: String

    /// Classifies an error of the TLS library, or returns `nil` for any other error.
    init?(_ error: any Error) {
        switch error {
        case NIOSSLError.uncleanShutdown, NIOSSLError.shutdownFailed, NIOSSLError.writeDuringTLSShutdown,
            NIOSSLError.readInInvalidTLSState:
            (kind, reason) = (.connectionLost, "the server closed the TLS connection")
        case is NIOSSLError, is BoringSSLError, is NIOSSLExtraError:
            (kind, reason) = Self.explain("\(error)")
        default: return nil
        }
    }

    /// Explanations of the errors that users can resolve, each with a part of the library's text that identifies the
    /// error.
    private static let explanations: [(text: String, kind: TransportFailure.Kind, reason: String)] = [
        // For example, because the server restarts.
        ("EOF during handshake", .notConnected, "the server closed the connection during the TLS handshake"),
        ("WRONG_VERSION_NUMBER", .notTLS, "the server does not use TLS on this port"),
        ("HTTP_REQUEST", .notTLS, "the server does not use TLS on this port"),
        ("HTTPS_PROXY_REQUEST", .notTLS, "the server does not use TLS on this port"),
        ("CERTIFICATE_VERIFY_FAILED", .untrusted, "the server's certificate is not trusted or has expired"),
        ("failedToValidateHostname", .untrusted, "the server's certificate is for another host name"),
        ("serverHostnameImpossibleToMatch", .untrusted, "the host name cannot be compared with a certificate"),
        ("UNSUPPORTED_PROTOCOL", .untrusted, "the server does not support TLS 1.2 or later"),
        ("PROTOCOL_VERSION", .untrusted, "the server does not support TLS 1.2 or later"),
        ("CERTIFICATE_REQUIRED", .untrusted, "the server requires a client certificate"),
        ("BAD_CERTIFICATE", .untrusted, "the server requires a client certificate"),
        ("BAD_DECRYPT", .connectionLost, "encrypted data was damaged in transit"),
        ("DECRYPTION_FAILED_OR_BAD_RECORD_MAC", .connectionLost, "encrypted data was damaged in transit"),
        ("UNRECOGNIZED_NAME", .untrusted, "the server has no certificate for this host name"),
    ]

    private static func explain(_ text: String) -> (TransportFailure.Kind, String) {
        if let found = explanations.first(where: { text.contains($0.text) }) { return (found.kind, found.reason) }
        // The error's name in the library, such as `HANDSHAKE_FAILURE_ON_CLIENT_HELLO`.
        let name = text.firstMatch(of: /OPENSSL_internal:([A-Z0-9_]+)/).map { String($0.1) }
        return (.untrusted, name.map { $0.lowercased().replacing("_", with: " ") } ?? "the TLS handshake failed")
    }
}
