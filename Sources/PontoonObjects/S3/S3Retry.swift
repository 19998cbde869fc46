import PontoonCore

/// How often and after what pause a request is repeated; no I/O, chance is an argument.
struct S3Retry: Hashable, Sendable {
    /// How often a request is sent in all, 1 or more.
    let attempts: Int
    var backoff = Backoff(first: .milliseconds(100), longest: .seconds(5))

    /// How long to wait before sending again.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, counted from 1.
    ///   - jitter: From 0 to 1; keeps requests that failed together from being repeated together.
    /// - Returns: `nil` when the request is not sent again.
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
