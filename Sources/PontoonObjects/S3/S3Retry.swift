import PontoonCore

/// The retry policy for requests to the store: the number of attempts and the delays between them.
struct S3Retry: Hashable, Sendable {
    /// Maximum number of attempts, including the first; at least 1.
    let attempts: Int
    var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5))

    /// Returns the delay before the next attempt.
    ///
    /// - Parameters:
    ///   - attempt: The number of the failed attempt, counted from 1.
    ///   - jitter: A random number from 0 to 1, to spread the retries of requests that failed together.
    /// - Returns: The delay, or `nil` if no attempts remain.
    func pause(after attempt: Int, jitter: Double) -> Duration? {
        attempt < attempts ? backoff.pause(after: attempt, jitter: jitter) : nil
    }

    /// Returns whether a request that failed with this error may succeed on retry.
    static func isTransient(_ error: any Error) -> Bool {
        switch error {
        case let error as S3Error: error.isTransient
        case is S3Unreachable: true
        default: false
        }
    }
}
