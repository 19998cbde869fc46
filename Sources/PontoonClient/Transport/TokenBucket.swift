import Synchronization

/// Limits bandwidth; allows bursts of a quarter of a second's bytes.
final class TokenBucket: Sendable {
    private struct State {
        /// Time at which the average rate of the bytes admitted so far falls to the limit.
        var paidUntil: ContinuousClock.Instant
    }

    private let bytesPerSecond: Double
    private let state = Mutex(State(paidUntil: .now))

    init(bytesPerSecond: Int64) { self.bytesPerSecond = Double(max(1, bytesPerSecond)) }

    /// Maximum number of bytes to take at a time for an even data rate.
    var quantum: Int { max(4 << 10, Int(bytesPerSecond / 8)) }

    /// Waits until the bytes may be sent or received.
    func take(_ count: Int) async throws {
        let wait = state.withLock { state in
            let now = ContinuousClock.now
            let start = max(state.paidUntil, now - .milliseconds(250))
            state.paidUntil = start + .seconds(Double(count) / bytesPerSecond)
            return state.paidUntil - now
        }
        if wait > .zero { try await Task.sleep(for: wait) }
    }
}
