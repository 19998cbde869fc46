import Synchronization

/// A limiter that admits at most ten log lines per second for an event that anyone can cause.
final class LogThrottle: Sendable {
    private struct State {
        var second = ContinuousClock.now
        var logged = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private static let maximum = 10

    /// Decides whether an event may be logged.
    ///
    /// - Returns: The number of events suppressed since the last logged one; `nil` if this event must not be logged.
    func admit() -> Int? {
        state.withLock { state in
            let now = ContinuousClock.now
            if now - state.second >= .seconds(1) { (state.second, state.logged) = (now, 0) }
            guard state.logged < Self.maximum else {
                state.suppressed += 1
                return nil
            }
            state.logged += 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
    }
}
