/// Decides which failed requests are repeated, and when.
public struct RetryPolicy: Hashable, Sendable {
    /// Whether a request may take effect more than once.
    public enum Idempotency: Hashable, Sendable {
        /// Repeating the request is harmless, as for reads, parts, reports, complete and abort.
        case idempotent
        /// Repeating the request may create a second object, such as a copy; it is repeated only if the first attempt
        /// certainly had no effect.
        case nonIdempotent
    }

    /// The way an attempt failed.
    public enum Outcome: Hashable, Sendable {
        /// No connection was made, so nothing was sent.
        case notConnected
        /// The connection broke after something was sent.
        case connectionLost
        /// There was no progress or no response for too long.
        case timedOut
        /// The API responded with an error.
        ///
        /// `code` is the platform's error code; `wait` is the time until the rate limit resets, or `Retry-After`.
        case refused(status: Int, code: Int?, wait: Duration?)
        /// The storage behind a signed URL responded with an error; `wait` is `Retry-After`.
        case storageRefused(status: Int, wait: Duration?)
        /// The storage received bytes other than those sent.
        case checksumMismatch
    }

    /// The action after a failed attempt.
    public enum Decision: Hashable, Sendable {
        /// The error is thrown.
        case giveUp
        /// The same request is sent again.
        case retry(after: Duration)
        /// The request is sent again to a new signed URL.
        case refreshURLAndRetry(after: Duration)
    }

    /// Maximum number of attempts per request, 1 or more.
    public var attempts = 10
    /// Pause after the first failed attempt; it doubles with each further one.
    public var initialBackoff: Duration = .milliseconds(250)
    /// Longest of these pauses.
    public var maximumBackoff: Duration = .seconds(30)
    /// Longest pause that the server may request, for example because of a rate limit.
    public var maximumServerWait: Duration = .seconds(900)

    /// Creates the default policy.
    public init() {}

    /// Decides on the action after a failed attempt.
    ///
    /// - Parameters:
    ///   - attempt: Number of the attempt, from 1.
    ///   - outcome: The way the attempt failed.
    ///   - idempotency: Whether the request may take effect twice.
    ///   - jitter: A random number from 0 to 1 that spreads the pauses of many clients.
    /// - Returns: The decision.
    public func decide(attempt: Int, outcome: Outcome, idempotency: Idempotency, jitter: Double) -> Decision {
        guard attempt < attempts else { return .giveUp }
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
        case .storageRefused(403, _):
            // The URL expired, or the clocks differ. If new URLs are refused several times as well, another one will
            // not help.
            return attempt <= 4 ? .refreshURLAndRetry(after: attempt == 1 ? .zero : pause) : .giveUp
        case .storageRefused(let status, let wait) where [408, 429].contains(status) || status >= 500:
            return .refreshURLAndRetry(after: min(maximumServerWait, max(wait ?? pause, pause)))
        case .storageRefused:
            return .giveUp
        case .checksumMismatch:
            return attempt <= 3 ? .refreshURLAndRetry(after: pause) : .giveUp
        }
    }

    /// Exponential backoff, reduced by a random amount of up to half.
    private func backoff(attempt: Int, jitter: Double) -> Duration {
        let doubled = initialBackoff * (1 << min(attempt - 1, 20))
        return min(maximumBackoff, doubled) * (0.5 + 0.5 * jitter)
    }
}
