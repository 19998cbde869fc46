import PontoonCore

/// Decides how often and after what pause a request is repeated; performs no I/O; the random number is an argument.
struct S3Retry: Hashable, Sendable {
    /// Maximum number of attempts, including the first, 1 or more.
    let attempts: Int
    var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5))

    /// Returns the pause before the next attempt.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, counted from 1.
    ///   - jitter: From 0 to 1; spreads the retries of requests that failed together.
    /// - Returns: `nil` if the request is not sent again.
    func pause(after attempt: Int, jitter: Double) -> Duration? {
        attempt < attempts ? backoff.pause(after: attempt, jitter: jitter) : nil
    }

    /// Whether repeating a request that failed with this error may succeed.
    static func isTransient(_ error: any Error) -> Bool {
        switch error {
        case let error as S3Error: error.isTransient
        case is S3Unreachable: true
        default: false
        }
    }
}
