/// Exponential back-off: each pause is twice as long as the one before it, up to a limit.
package struct Backoff: Hashable, Sendable {
    /// Pause after the first failed attempt.
    package let first: Duration
    /// No pause is longer.
    package let longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// How long to wait before the next attempt.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, counted from 1; smaller values count as 1.
    ///   - jitter: Factor from 0 to 1. A random one keeps clients that failed together from retrying together.
    /// - Returns: The pause.
    package func pause(after attempt: Int, jitter: Double = 1) -> Duration {
        min(first * Double(1 << min(max(attempt, 1) - 1, 30)), longest) * jitter
    }
}
