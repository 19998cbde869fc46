import Synchronization

/// A limiter that admits a number of log lines per period, by default ten per second, for an event that anyone can
/// cause.
final class LogThrottle: Sendable {
    private struct State {
        var start = ContinuousClock.now
        var logged = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let maximum: Int
    private let period: Duration

    /// - Parameters:
    ///   - maximum: Maximum number of lines in each period.
    ///   - period: The period.
    init(maximum: Int = 10, per period: Duration = .seconds(1)) {
        self.maximum = maximum
        self.period = period
    }

    /// Decides whether an event may be logged.
    ///
    /// - Returns: The number of events suppressed since the last logged one; `nil` if this event must not be logged.
    func admit() -> Int? {
        state.withLock { state in
            let now = ContinuousClock.now
            if now - state.start >= period { (state.start, state.logged) = (now, 0) }
            guard state.logged < maximum else {
                state.suppressed += 1
                return nil
            }
            state.logged += 1
            defer { state.suppressed = 0 }
            return state.suppressed
        }
    }
}
