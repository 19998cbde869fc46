import PontoonFoundation
import Synchronization

/// A bandwidth limiter that allows bursts of up to 250 milliseconds' worth of bytes.
final class TokenBucket: Sendable {
    private struct State {
        /// Time until which the bytes admitted so far use up the limit.
        var paidUntil: ContinuousClock.Instant
        /// The current limit in bytes per second; `nil` while there is no limit.
        var rate: Int64?
        /// Time at which the limit was last read from the timetable.
        var checked: ContinuousClock.Instant
    }

    private let limit: BandwidthLimit
    private let time: @Sendable () -> Date
    private let state: Mutex<State>

    /// Creates a limiter.
    ///
    /// - Parameters:
    ///   - limit: The limit, which may follow a timetable.
    ///   - time: Returns the current time.
    init(_ limit: BandwidthLimit, time: @escaping @Sendable () -> Date = { .now }) {
        self.limit = limit
        self.time = time
        let now = ContinuousClock.now
        state = Mutex(State(paidUntil: now, rate: limit.bytesPerSecond(at: time()), checked: now))
    }

    /// Maximum number of bytes that callers should take at a time, to keep the data rate even.
    var quantum: Int {
        // The lowest limit of a timetable, because the limit may change while a part is being sent.
        guard let lowest = limit.lowest else { return .max }
        return max(4 << 10, Int(clamping: lowest / 8))
    }

    /// Waits until `count` bytes may be sent or received, in steps of at most ``quantum`` bytes.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    func take(all count: Int) async throws {
        var rest = count
        while rest > 0 {
            try await take(min(rest, quantum))
            rest -= quantum
        }
    }

    /// Waits until `count` bytes may be sent or received without exceeding the limit.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    func take(_ count: Int) async throws {
        let wait = state.withLock { state -> Duration in
            let now = ContinuousClock.now
            if now - state.checked >= .seconds(1) {
                (state.rate, state.checked) = (limit.bytesPerSecond(at: time()), now)
            }
            guard let rate = state.rate else { return .zero }
            let start = max(state.paidUntil, now - .milliseconds(250))
            state.paidUntil = start + .seconds(Double(count) / Double(rate))
            return state.paidUntil - now
        }
        if wait > .zero { try await Task.sleep(for: wait) }
    }
}
