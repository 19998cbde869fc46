import Synchronization

/// A stopwatch that measures the time between calls to ``lap()`` on a monotonic clock.
package final class Stopwatch: Sendable {
    private let uptime: @Sendable () -> Duration
    private let last: Mutex<Duration>

    /// Starts the measurement.
    ///
    /// - Parameter uptime: Returns the time on a monotonic clock, since any fixed moment.
    package init(_ uptime: @escaping @Sendable () -> Duration) {
        self.uptime = uptime
        last = Mutex(uptime())
    }

    /// Returns the time since the previous call, or since the stopwatch was created.
    func lap() -> Duration {
        last.withLock { last in
            let now = uptime()
            defer { last = now }
            return now - last
        }
    }

    /// A monotonic clock that counts from the first use of this property, even while the system is suspended.
    package static let systemUptime: @Sendable () -> Duration = {
        let start = ContinuousClock.now
        return { ContinuousClock.now - start }
    }()
}
