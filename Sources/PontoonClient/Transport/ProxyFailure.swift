import NIOSOCKS

/// The explanation of an error that occurred while a connection was being established, probably through a proxy.
struct ProxyFailure {
    let reason: String

    /// Classifies an error from a proxy or of a connection that closed too early; `nil` for any other error.
    init?(_ error: any Error) {
        switch error {
        case let error as SOCKSError.ConnectionFailed:
            reason = "the SOCKS proxy replied: \(Self.text(error.reply))"
        case is SOCKSError.InvalidAuthenticationSelection, is SOCKSError.NoValidAuthenticationMethod:
            reason = "the SOCKS proxy requires an authentication method that the client does not support"
        case is SOCKSError.InvalidClientState, is SOCKSError.InvalidServerState, is SOCKSError.InvalidProtocolVersion,
            is SOCKSError.InvalidReservedByte, is SOCKSError.InvalidAddressType, is SOCKSError.UnexpectedRead:
            reason = "the response from the SOCKS proxy is not valid"
        default:
            // AsyncHTTPClient throws this private type if a connection closes before the proxy or TLS handshake is
            // complete.
            guard String(reflecting: type(of: error)).hasSuffix(".NoResult") else { return nil }
            reason = "the connection was closed before it was established, possibly by a proxy"
        }
    }

    /// Returns the meaning of a reply code; see RFC 1928, section 6.
    private static func text(_ reply: SOCKSServerReply) -> String {
        switch reply {
        case .serverFailure: "general failure"
        case .notAllowed: "connection not allowed"
        case .networkUnreachable: "network unreachable"
        case .hostUnreachable: "host unreachable"
        case .refused: "connection refused"
        case .ttlExpired: "connection timed out"
        case .commandUnsupported: "command not supported"
        case .addressUnsupported: "address type not supported"
        default: "error \(reply.value)"
        }
    }
}
