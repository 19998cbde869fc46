/// Exponential back-off: each pause is twice as long as the previous one, up to a limit.
package struct Backoff: Hashable, Sendable {
    /// Pause after the first failed attempt.
    package let first: Duration
    /// Maximum pause, before it is multiplied by a jitter factor.
    package let longest: Duration

    package init(first: Duration, longest: Duration) {
        self.first = first
        self.longest = longest
    }

    /// Returns the pause between a failed attempt and the next one.
    ///
    /// - Parameters:
    ///   - attempt: The attempt that failed, counted from 1; smaller values count as 1.
    ///   - jitter: Factor from 0 to 1 by which the pause is multiplied. A random factor spreads the retries of clients
    ///     that failed at the same time.
    /// - Returns: The pause.
    package func pause(after attempt: Int, jitter: Double = 1) -> Duration {
        min(first * Double(1 << min(max(attempt, 1) - 1, 30)), longest) * jitter
    }
}
