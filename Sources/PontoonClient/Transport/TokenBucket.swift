import Synchronization

/// A bandwidth limiter that allows bursts of up to 250 milliseconds' worth of bytes.
final class TokenBucket: Sendable {
    private struct State {
        /// Time at which the average rate of the bytes admitted so far falls to the limit.
        var paidUntil: ContinuousClock.Instant
    }

    private let bytesPerSecond: Double
    private let state = Mutex(State(paidUntil: .now))

    init(bytesPerSecond: Int64) { self.bytesPerSecond = Double(max(1, bytesPerSecond)) }

    /// Maximum number of bytes that callers should take at a time, to keep the data rate even.
    var quantum: Int { max(4 << 10, Int(bytesPerSecond / 8)) }

    /// Waits until `count` bytes may be sent or received without exceeding the limit.
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
