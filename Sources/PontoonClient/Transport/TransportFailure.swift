import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import NIOPosix

/// The failure of a request that received no complete, valid response.
struct TransportFailure: Error, Sendable {
    enum Kind: Sendable {
        case notConnected, connectionLost, timedOut, untrusted, responseTooLong
        /// The server of an `https` URL does not use TLS.
        case notTLS
        /// The response is not valid HTTP. The server may expect TLS.
        case notHTTP
        /// The request itself is not valid and was not sent.
        case requestInvalid
    }

    let kind: Kind
    /// Reason for the user.
    ///
    /// Never contains a URL, because signed URLs are secret.
    let reason: String

    /// The outcome for the retry policy; `nil` if another attempt cannot succeed.
    var outcome: RetryPolicy.Outcome? {
        switch kind {
        case .notConnected: .notConnected
        case .connectionLost, .notHTTP: .connectionLost
        case .timedOut: .timedOut
        case .untrusted, .responseTooLong, .notTLS, .requestInvalid: nil
        }
    }

    /// Returns the error for the user.
    ///
    /// - Parameters:
    ///   - purpose: The attempted action, such as `send part 3`.
    ///   - host: The other side of the connection for the message: a host name, or `the storage`.
    ///   - mayExpectTLS: Whether the URL is `http` and no request to the server has succeeded yet.
    /// - Returns: The error, with advice.
    func error(_ purpose: String, host: String, mayExpectTLS: Bool = false) -> ClientError {
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
                advice: mayExpectTLS ? Self.tlsAdvice : "Run the same command again."
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
                advice: reason.contains("not trusted")
                    ? "If a private CA issued the server's certificate, pass the CA's certificate with --ca-file."
                    : "Check the URL, or contact the server's operator."
            )
        case .notTLS:
            ClientError(
                .tlsFailed,
                "Could not \(purpose): \(host) does not use TLS on this port.",
                advice:
                    "Use a URL that begins with http:// instead of https://, or the port on which the server uses TLS."
            )
        case .notHTTP:
            ClientError(
                .connectionLost,
                "Could not \(purpose): the response from \(host) is not valid HTTP (\(reason)).",
                advice: mayExpectTLS
                    ? Self.tlsAdvice : "A proxy may have modified the response. Run the same command again."
            )
        case .requestInvalid:
            ClientError(.requestInvalid, "Could not \(purpose): the request cannot be sent (\(reason)).")
        case .responseTooLong:
            ClientError(
                .responseTooLong,
                "Could not \(purpose): the response from \(host) is longer than the client accepts.",
                advice: "Check that the URL belongs to a Seven Bridges API, or contact the server's operator."
            )
        }
    }

    private static let tlsAdvice =
        "If the server uses TLS on this port, use a URL that begins with https:// instead of http://."

    /// Errors that can only occur before anything is sent.
    private static let unconnected: [HTTPClientError] = [
        .connectTimeout, .tlsHandshakeTimeout, .httpProxyHandshakeTimeout, .socksHandshakeTimeout,
        .invalidProxyResponse, .proxyAuthenticationRequired, .getConnectionFromPoolTimeout,
    ]

    /// Errors of the request itself, which would occur again in another attempt.
    private static let invalidRequest: [HTTPClientError] = [
        .invalidURL, .emptyHost, .emptyScheme, .missingSocketPath, .identityCodingIncorrectlyPresent,
        .contentLengthMissing, .traceRequestWithBody, .bodyLengthMismatch, .writeAfterRequestSent,
        .invalidProxyConfiguration, .alreadyShutdown,
    ]
    /// Errors of the request itself that have an associated value, identified by the beginning of their description.
    private static let invalidRequestDescriptions = [
        "HTTPClientError.unsupportedScheme", "HTTPClientError.invalidHeaderFieldNames",
        "HTTPClientError.invalidHeaderFieldValues",
    ]

    /// Classifies an error of the HTTP client.
    ///
    /// - Returns: A ``TransportFailure`` or `CancellationError`. Other errors, for example from reading the file to
    ///   send, are returned unchanged.
    static func translate(_ error: any Error) -> any Error {
        if let failure = TLSFailure(error) { return TransportFailure(kind: failure.kind, reason: failure.reason) }
        if let failure = ProxyFailure(error) { return TransportFailure(kind: .notConnected, reason: failure.reason) }
        return switch error {
        case let error as HTTPClientError where unconnected.contains(error):
            TransportFailure(kind: .notConnected, reason: error.shortDescription)
        case let error as HTTPClientError where error == .deadlineExceeded || error == .readTimeout:
            TransportFailure(kind: .timedOut, reason: error.shortDescription)
        case let error as HTTPClientError where error == .cancelled:
            CancellationError()
        case let error as HTTPClientError where isInvalidRequest(error):
            TransportFailure(kind: .requestInvalid, reason: error.shortDescription)
        case let error as HTTPClientError:
            TransportFailure(kind: .connectionLost, reason: error.shortDescription)
        case let error as NIOConnectionError:
            TransportFailure(kind: .notConnected, reason: reason(error))
        case let error as IOError where error.errnoCode == ECONNREFUSED:
            TransportFailure(kind: .notConnected, reason: "connection refused")
        case let error as IOError where error.errnoCode == ETIMEDOUT:
            TransportFailure(kind: .timedOut, reason: "no data transferred in time")
        case let error as IOError:
            TransportFailure(kind: .connectionLost, reason: error.description)
        case HTTPParserError.invalidEOFState:
            TransportFailure(kind: .connectionLost, reason: "the response ended early")
        case let error as HTTPParserError:
            TransportFailure(kind: .notHTTP, reason: "it is truncated or malformed: \(error)")
        case let error as ChannelError:
            TransportFailure(kind: .connectionLost, reason: "\(error)")
        case is NIOTooManyBytesError:
            TransportFailure(kind: .responseTooLong, reason: "the response is too long")
        default:
            error
        }
    }

    private static func isInvalidRequest(_ error: HTTPClientError) -> Bool {
        let description = "\(error)"
        return invalidRequest.contains(error) || invalidRequestDescriptions.contains { description.hasPrefix($0) }
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
