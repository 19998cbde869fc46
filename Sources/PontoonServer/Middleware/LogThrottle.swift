import Synchronization

/// A limit on log lines about an event that anybody can cause: by default, ten per second.
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

    /// Returns the number of events that were not logged since the last one that was; `nil` if this event should not be
    /// logged.
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
