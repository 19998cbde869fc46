import Synchronization

/// A limiter of the log lines in each period, for events that clients can cause in any number.
final class LogThrottle: Sendable {
    private struct State {
        var start = ContinuousClock.now
        var logged = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private let maximum: Int
    private let period: Duration

    /// Creates a limiter that admits `maximum` lines in each `period`.
    init(maximum: Int = 10, per period: Duration = .seconds(1)) {
        self.maximum = maximum
        self.period = period
    }

    /// Counts an event, and returns whether it may be logged.
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
