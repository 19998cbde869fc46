import Synchronization

/// A measurement of the time between calls, on a monotonic clock.
package final class Stopwatch: Sendable {
    private let uptime: @Sendable () -> Duration
    private let last: Mutex<Duration>

    /// Starts the measurement.
    ///
    /// - Parameter uptime: Time on a monotonic clock.
    package init(_ uptime: @escaping @Sendable () -> Duration) {
        self.uptime = uptime
        last = Mutex(uptime())
    }

    /// Returns the time since the last call, or since the start of the measurement.
    func lap() -> Duration {
        last.withLock { last in
            let now = uptime()
            defer { last = now }
            return now - last
        }
    }

    /// The time since the first use of this property, including time in which the system was suspended.
    package static let systemUptime: @Sendable () -> Duration = {
        let start = ContinuousClock.now
        return { ContinuousClock.now - start }
    }()
}
