import Synchronization

/// Lets so many bytes pass in a second, and a quarter of a second's worth at once.
final class TokenBucket: Sendable {
    private struct State {
        /// When the bytes let through so far are paid for.
        var paidUntil: ContinuousClock.Instant
    }

    private let bytesPerSecond: Double
    private let state = Mutex(State(paidUntil: .now))

    /// Takes the rate, 1 or more.
    init(bytesPerSecond: Int64) { self.bytesPerSecond = Double(max(1, bytesPerSecond)) }

    /// Most bytes that should be taken at once, so that the flow is even.
    var quantum: Int { max(4 << 10, Int(bytesPerSecond / 8)) }

    /// Waits until bytes may pass.
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
