import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// How a request failed before there was an answer.
struct TransportFailure: Error, Sendable {
    enum Kind: Sendable {
        case notConnected, connectionLost, timedOut, untrusted
    }

    let kind: Kind
    /// In words, without a URL.
    let reason: String

    /// How the retry policy sees it; `nil` when trying again is no use.
    var outcome: RetryPolicy.Outcome? {
        switch kind {
        case .notConnected: .notConnected
        case .connectionLost: .connectionLost
        case .timedOut: .timedOut
        case .untrusted: nil
        }
    }

    /// For the person at the keyboard.
    func error(_ purpose: String, host: String) -> ClientError {
        switch kind {
        case .notConnected:
            ClientError(
                .unreachable,
                "Could not \(purpose): no connection to \(host) (\(reason)).",
                advice: "Check the address and the network: 'pontoon doctor' tells more."
            )
        case .connectionLost:
            ClientError(
                .connectionLost,
                "Could not \(purpose): the connection to \(host) broke (\(reason)).",
                advice: "Run the same command again: it goes on where it was."
            )
        case .timedOut:
            ClientError(
                .timedOut,
                "Could not \(purpose): \(host) was silent for too long (\(reason)).",
                advice: "Run the same command again: it goes on where it was."
            )
        case .untrusted:
            ClientError(
                .tlsFailed,
                "Could not \(purpose): no secure connection to \(host) (\(reason)).",
                advice: "If the server's certificate is by an authority of your own, name it by --ca-file."
            )
        }
    }

    /// Errors that mean that nothing was sent.
    private static let unconnected: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
        .invalidProxyResponse, .proxyAuthenticationRequired, .getConnectionFromPoolTimeout,
    ]

    /// Sorts an error of the HTTP library.
    ///
    /// - Returns: A failure; other errors, such as those of reading the file that is sent, as they are.
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
            TransportFailure(kind: .connectionLost, reason: "the answer is cut or garbled: \(error)")
        case let error as ChannelError:
            TransportFailure(kind: .connectionLost, reason: "\(error)")
        case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
            TransportFailure(kind: .untrusted, reason: "\(error)")
        case is NIOTooManyBytesError:
            TransportFailure(kind: .connectionLost, reason: "the answer is too long")
        default:
            error
        }
    }

    private static func reason(_ error: NIOConnectionError) -> String {
        if error.dnsAError != nil || error.dnsAAAAError != nil {
            return error.connectionErrors.isEmpty ? "the name is not known" : "connection refused"
        }
        if case let cause as IOError = error.connectionErrors.first?.error, cause.errnoCode == ECONNREFUSED {
            return "connection refused"
        }
        return error.connectionErrors.first.map { "\($0.error)" } ?? "no address"
    }
}
