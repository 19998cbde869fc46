import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// The failure of a request for which no complete, valid response arrived.
struct TransportFailure: Error, Sendable {
    enum Kind: Sendable {
        case notConnected, connectionLost, timedOut, untrusted, responseTooLong
    }

    let kind: Kind
    /// Reason for the user; never contains a URL, because signed URLs are secret.
    let reason: String

    /// The outcome for the retry policy; `nil` if another attempt cannot succeed.
    var outcome: RetryPolicy.Outcome? {
        switch kind {
        case .notConnected: .notConnected
        case .connectionLost: .connectionLost
        case .timedOut: .timedOut
        case .untrusted, .responseTooLong: nil
        }
    }

    /// Returns the error for the user; `purpose` is the attempted action, such as `send part 3`.
    func error(_ purpose: String, host: String) -> ClientError {
        switch kind {
        case .notConnected:
            ClientError(
                .unreachable,
                "Could not \(purpose): cannot connect to \(host) (\(reason)).",
                advice: "Check the URL and the network with 'pontoon doctor'."
            )
        case .connectionLost:
            ClientError(
                .connectionLost,
                "Could not \(purpose): lost the connection to \(host) (\(reason)).",
                advice: "Run the same command again."
            )
        case .timedOut:
            ClientError(
                .timedOut,
                "Could not \(purpose): \(host) did not respond in time (\(reason)).",
                advice: "Run the same command again."
            )
        case .untrusted:
            ClientError(
                .tlsFailed,
                "Could not \(purpose): cannot establish a secure connection to \(host) (\(reason)).",
                advice: "If a private CA issued the server's certificate, pass the CA's certificate with --ca-file."
            )
        case .responseTooLong:
            ClientError(
                .responseTooLong,
                "Could not \(purpose): the response from \(host) is longer than the client accepts.",
                advice: "Check that the URL is that of a Seven Bridges API, or contact the server's operator."
            )
        }
    }

    /// Errors that can only occur before anything is sent.
    private static let unconnected: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
        .invalidProxyResponse, .proxyAuthenticationRequired, .getConnectionFromPoolTimeout,
    ]

    /// Classifies an error of the HTTP client.
    ///
    /// - Returns: A ``TransportFailure`` or `CancellationError`. Other errors, for example from reading the file to
    ///   send, are returned unchanged.
    static func translate(_ error: any Error) -> any Error {
        switch error {
        case let error as HTTPClientError where unconnected.contains(error):
            TransportFailure(kind: .notConnected, reason: error.shortDescription)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            TransportFailure(kind: .timedOut, reason: error.shortDescription)
        case let error as HTTPClientError where error == .cancelled:
            CancellationError()
        case let error as HTTPClientError:
            TransportFailure(kind: .connectionLost, reason: error.shortDescription)
        case let error as NIOConnectionError:
            TransportFailure(kind: .notConnected, reason: reason(error))
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            TransportFailure(kind: .notConnected, reason: "connection refused")
        case let error as IOError:
            TransportFailure(kind: .connectionLost, reason: error.description)
        case let error as HTTPParserError:
            TransportFailure(kind: .connectionLost, reason: "the response is truncated or malformed: \(error)")
        case let error as ChannelError:
            TransportFailure(kind: .connectionLost, reason: "\(error)")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            TransportFailure(kind: .untrusted, reason: "\(error)")
        case is NIOTooManyBytesError:
            TransportFailure(kind: .responseTooLong, reason: "the response is too long")
        default:
            error
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return error.connectionErrors.isEmpty ? "unknown host name" : "connection refused"
        }
        if case let cause as IOError = error.connectionErrors.first?.error, cause.errnoCode == ECONNREFUSED {
            return "connection refused"
        }
        return error.connectionErrors.first.map { "\($0.error)" } ?? "no address found"
    }
}
