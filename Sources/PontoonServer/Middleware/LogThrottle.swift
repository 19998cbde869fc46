import Synchronization

/// A limit of ten log lines per second for an event that anybody can cause.
final class LogThrottle: Sendable {
    private struct State {
        var second = ContinuousClock.now
        var logged = 0
        var suppressed = 0
    }

    private let state = Mutex(State())
    private static let maximum = 10

    /// Returns the number of events that were not logged since the last one that was; `nil` if this event should not be
    /// logged.
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
