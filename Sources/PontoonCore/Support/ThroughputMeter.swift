import Synchronization

/// A meter of the rate at which bytes arrived during the last ten minutes.
///
/// Counts bytes in intervals of ten seconds, so its memory usage is constant. The rate covers the last 590 to 600
/// seconds. For a newer meter, it covers the time since the meter was created, but at least ten seconds.
package final class ThroughputMeter: Sendable {
    private struct State {
        /// Bytes of the latest intervals; interval `n` is at index `n % intervals`.
        var bytes = [Int64](repeating: 0, count: ThroughputMeter.intervals)
        /// Number of the latest interval.
        var latest: Int64 = 0
    }

    private static let intervals = 60
    private static let intervalSeconds: Int64 = 10

    private let uptime: @Sendable () -> Duration
    private let start: Duration
    private let state = Mutex(State())

    /// Starts the measurement.
    ///
    /// - Parameter uptime: Returns the time on a monotonic clock, since any fixed moment.
    package init(uptime: @escaping @Sendable () -> Duration = Stopwatch.systemUptime) {
        self.uptime = uptime
        start = uptime()
    }

    /// Counts bytes that have just arrived.
    package func add(_ bytes: Int64) {
        let interval = elapsedSeconds / Self.intervalSeconds
        state.withLock { state in
            Self.advance(&state, to: interval)
            let index = Int(state.latest % Int64(Self.intervals))
            state.bytes[index] = state.bytes[index].addingClamped(bytes)
        }
    }

    /// The rate in bytes per second; `nil` if it is less than 1.
    package var bytesPerSecond: Int64? {
        let elapsed = elapsedSeconds
        let sum = state.withLock { state in
            Self.advance(&state, to: elapsed / Self.intervalSeconds)
            return state.bytes.clampedSum
        }
        // The latest interval is not over yet.
        let covered = (Int64(Self.intervals) - 1) * Self.intervalSeconds + elapsed % Self.intervalSeconds
        let rate = sum / max(Self.intervalSeconds, min(elapsed, covered))
        return rate > 0 ? rate : nil
    }

    private var elapsedSeconds: Int64 { max(0, (uptime() - start).components.seconds) }

    /// Clears the intervals that have begun since the latest one.
    private static func advance(_ state: inout State, to interval: Int64) {
        guard interval > state.latest else { return }
        for number in max(state.latest + 1, interval - Int64(intervals) + 1)...interval {
            state.bytes[Int(number % Int64(intervals))] = 0
        }
        state.latest = interval
    }
}
