/// What is tried again and when, decided without I/O.
public struct RetryPolicy: Hashable, Sendable {
    /// Whether a request may have its effect twice.
    public enum Repetition: Hashable, Sendable {
        /// Asking again does no harm: reads, parts, reports, complete, abort.
        case harmless
        /// A second one would make a second thing, such as a copy: repeated only when the first surely did nothing.
        case effective
    }

    /// How an attempt ended.
    public enum Outcome: Hashable, Sendable {
        /// No connection: nothing was sent.
        case notConnected
        /// The connection broke after something was sent.
        case connectionLost
        /// No progress, or no answer, for too long.
        case timedOut
        /// The API refused.
        ///
        /// `code` is the platform's; `wait` is the time until the limit of calls is reset, or what `Retry-After` says.
        case refused(status: Int, code: Int?, wait: Duration?)
        /// The storage behind a signed URL refused.
        case storageRefused(status: Int, wait: Duration?)
        /// The storage holds other bytes than were sent.
        case garbled
    }

    /// What to do.
    public enum Decision: Hashable, Sendable {
        case giveUp
        /// The same again.
        case retry(after: Duration)
        /// Ask for a new URL, then send again.
        case signAgain(after: Duration)
    }

    /// Attempts of one request, 1 or more, before it fails.
    public var attempts = 10
    /// Wait after the first failure; it doubles with each.
    public var firstWait: Duration = .milliseconds(250)
    /// Longest of these waits.
    public var longestWait: Duration = .seconds(30)
    /// Longest wait for a limit of calls to be reset.
    public var longestLimit: Duration = .seconds(900)

    /// Takes the usual values.
    public init() {}

    /// Decides.
    ///
    /// - Parameters:
    ///   - attempt: Which attempt ended, from 1.
    ///   - outcome: How.
    ///   - repetition: Whether it may be asked twice.
    ///   - jitter: 0 to 1, drawn at random, so that many clients do not come back together.
    /// - Returns: The decision.
    public func decide(attempt: Int, outcome: Outcome, repetition: Repetition, jitter: Double) -> Decision {
        guard attempt < attempts else { return .giveUp }
        let pause = backOff(attempt: attempt, jitter: jitter)
        switch outcome {
        case .notConnected:
            return .retry(after: pause)
        case .connectionLost, .timedOut:
            return repetition == .harmless ? .retry(after: pause) : .giveUp
        case .refused(429, _, let wait):
            return .retry(after: min(longestLimit, max(wait ?? pause, pause)))
        case .refused(409, 8008, _):
            return .retry(after: pause)
        case .refused(503, _, let wait):
            // Nothing was done: the platform's maintenance, or a server that does not take more now.
            return .retry(after: min(longestLimit, max(wait ?? pause, pause)))
        case .refused(let status, _, _) where status >= 500 && status != 501 && status != 505:
            return repetition == .harmless ? .retry(after: pause) : .giveUp
        case .refused:
            return .giveUp
        case .storageRefused(403, _):
            // Expired, or clocks that differ; a URL that is refused at once again and again will not get better.
            return attempt <= 4 ? .signAgain(after: attempt == 1 ? .zero : pause) : .giveUp
        case .storageRefused(let status, let wait) where [408, 429].contains(status) || status >= 500:
            return .signAgain(after: min(longestLimit, max(wait ?? pause, pause)))
        case .storageRefused:
            return .giveUp
        case .garbled:
            return attempt <= 3 ? .signAgain(after: pause) : .giveUp
        }
    }

    /// Doubling waits, of which a random half is taken off.
    func backOff(attempt: Int, jitter: Double) -> Duration {
        let doubled = firstWait * (1 << min(attempt - 1, 20))
        return min(longestWait, doubled) * (0.5 + 0.5 * jitter)
    }
}
