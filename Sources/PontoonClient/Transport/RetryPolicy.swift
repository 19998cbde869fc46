/// The rules that determine which failed requests are retried, and when.
public struct RetryPolicy: Hashable, Sendable {
    /// Whether a request can safely be repeated.
    public enum Idempotency: Hashable, Sendable {
        /// Repeating the request is harmless, as for reading, for sending and reporting parts, and for completing and
        /// aborting uploads.
        case idempotent
        /// Repeating the request may have a second effect, such as another copy of a file. It is retried only if the
        /// failed attempt cannot have had any effect.
        case nonIdempotent
    }

    /// The way in which an attempt failed.
    public enum Outcome: Hashable, Sendable {
        /// No connection was established, so nothing was sent.
        case notConnected
        /// The connection was lost, possibly after the request was sent.
        case connectionLost
        /// There was no response or no progress within the timeout.
        case timedOut
        /// The API responded with an error.
        ///
        /// `code` is the platform code. `wait` is the time until the rate limit resets, or the value of `Retry-After`.
        /// Both are `nil` if the response does not contain them.
        case refused(status: Int, code: Int?, wait: Duration?)
        /// The storage behind a signed URL responded with an error.
        ///
        /// `code` is S3's error code, such as `SlowDown`. `wait` is the value of `Retry-After`. Both are `nil` if the
        /// response does not contain them.
        case storageRefused(status: Int, code: String?, wait: Duration?)
        /// The storage's checksum of a part does not match the bytes that were sent, or the server did not find the
        /// part in the storage.
        case checksumMismatch

        /// Whether the request may have taken effect although the attempt failed.
        var mayHaveSucceeded: Bool {
            switch self {
            case .connectionLost, .timedOut: true
            case .refused(let status, _, _): status >= 500 && status != 503
            case .notConnected, .storageRefused, .checksumMismatch: false
            }
        }

        /// Whether the attempt failed without a complete response.
        var isConnectionFailure: Bool {
            switch self {
            case .notConnected, .connectionLost, .timedOut: true
            case .refused, .storageRefused, .checksumMismatch: false
            }
        }

        /// Whether the cause may be an outage of the network or the server, rather than a refusal of this request.
        var isOutage: Bool {
            switch self {
            case .notConnected, .connectionLost, .timedOut: true
            case .refused(let status, _, _), .storageRefused(let status, _, _): (502...504).contains(status)
            case .checksumMismatch: false
            }
        }
    }

    /// The action to take after a failed attempt.
    public enum Decision: Hashable, Sendable {
        /// Throw the error.
        case giveUp
        /// Send the same request again.
        case retry(after: Duration)
        /// Send the request again, to a new signed URL.
        case refreshURLAndRetry(after: Duration)
    }

    /// Maximum number of attempts per request, 1 or more; `nil` for no maximum.
    ///
    /// The count starts again with an attempt that made progress. Even without a maximum, a request is abandoned after
    /// five attempts if the storage refuses its signed URL, and after four attempts if a checksum does not match.
    public var attempts: Int?
    /// Time after the first failed attempt during which a request is retried.
    ///
    /// For connection failures, the time starts again with each successful request to the same server, so that only an
    /// outage of this length ends a run. A request that fails while others succeed is retried for at most four times as
    /// long.
    public var maximumTime: Duration = .seconds(3600)
    /// Pause after the first failed attempt.
    ///
    /// The pause doubles with each further failed attempt, up to ``maximumBackoff``. Jitter shortens each pause by up
    /// to half.
    public var initialBackoff: Duration = .milliseconds(250)
    /// Maximum pause, unless the server requests a longer one.
    public var maximumBackoff: Duration = .seconds(30)
    /// Upper bound for a pause that the server requests, for example because of a rate limit.
    public var maximumServerWait: Duration = .seconds(900)

    /// Creates the default policy.
    public init() {}

    /// Decides whether and when to retry after a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: Number of the failed attempt, from 1.
    ///   - elapsed: Time that counts towards ``maximumTime``.
    ///   - outcome: The way in which the attempt failed.
    ///   - idempotency: Whether the request can safely be repeated.
    ///   - jitter: A random number from 0 (shortest pause) to 1 that spreads the retries of many clients.
    /// - Returns: ``Decision/giveUp``, or the pause before the next attempt and whether it needs a new signed URL.
    public func decide(
        attempt: Int,
        elapsed: Duration = .zero,
        outcome: Outcome,
        idempotency: Idempotency,
        jitter: Double
    ) -> Decision {
        guard attempt < attempts ?? .max, elapsed < maximumTime else { return .giveUp }
        let pause = backoff(attempt: attempt, jitter: jitter)
        switch outcome {
        case .notConnected:
            return .retry(after: pause)
        case .connectionLost, .timedOut:
            return idempotency == .idempotent ? .retry(after: pause) : .giveUp
        case .refused(429, _, let wait):
            return .retry(after: min(maximumServerWait, max(wait ?? pause, pause)))
        case .refused(409, 8008, _):
            return .retry(after: pause)
        case .refused(503, _, let wait):
            // Maintenance or overload: the request had no effect.
            return .retry(after: min(maximumServerWait, max(wait ?? pause, pause)))
        case .refused(let status, _, _) where status >= 500 && status != 501 && status != 505:
            return idempotency == .idempotent ? .retry(after: pause) : .giveUp
        case .refused:
            return .giveUp
        case .storageRefused(403, _, _), .storageRefused(400, "ExpiredToken", _),
            .storageRefused(400, "TokenRefreshRequired", _):
            // The URL has expired, or the clocks differ. If several new URLs are refused, another one will not help.
            return attempt <= 4 ? .refreshURLAndRetry(after: attempt == 1 ? .zero : pause) : .giveUp
        case .storageRefused(400, "RequestTimeout", let wait), .storageRefused(400, "IncompleteBody", let wait):
            // The connection was too slow or lost bytes.
            return .refreshURLAndRetry(after: min(maximumServerWait, max(wait ?? pause, pause)))
        case .storageRefused(let status, _, let wait)
        where [408, 429].contains(status) || (status >= 500 && status != 501 && status != 505):
            return .refreshURLAndRetry(after: min(maximumServerWait, max(wait ?? pause, pause)))
        case .storageRefused(400, let code?, _) where Self.checksumCodes.contains(code):
            return attempt <= 3 ? .refreshURLAndRetry(after: pause) : .giveUp
        case .storageRefused:
            return .giveUp
        case .checksumMismatch:
            return attempt <= 3 ? .refreshURLAndRetry(after: pause) : .giveUp
        }
    }

    /// S3's codes for a body that does not match the checksum in the request.
    private static let checksumCodes: Set<String> = [
        "BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch",
    ]

    /// Returns the exponential backoff, reduced by up to half according to `jitter`.
    private func backoff(attempt: Int, jitter: Double) -> Duration {
        let doubled = initialBackoff * (1 << min(attempt - 1, 20))
        return min(maximumBackoff, doubled) * (0.5 + 0.5 * jitter)
    }
}
