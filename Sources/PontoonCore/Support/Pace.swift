import Synchronization

/// A limit on the rate at which bytes are processed, which all concurrent callers of ``wait(for:)`` share.
final class Pace: Sendable {
    private let bytesPerSecond: Int64?
    private let clock = ContinuousClock()
    /// The earliest time at which the bytes processed so far do not exceed the rate.
    private let due: Mutex<ContinuousClock.Instant>

    /// - Parameter bytesPerSecond: Maximum rate; values below 1 count as 1, and `nil` means no limit.
    init(bytesPerSecond: Int64?) {
        self.bytesPerSecond = bytesPerSecond.map { max($0, 1) }
        due = Mutex(clock.now)
    }

    /// Waits until the bytes that the caller has just processed do not exceed the rate.
    ///
    /// Idle time does not allow a higher rate afterwards.
    ///
    /// - Throws: `CancellationError` if the task is cancelled.
    func wait(for bytes: Int) async throws {
        guard let bytesPerSecond else { return try Task.checkCancellation() }
        let time = Duration.seconds(Double(bytes) / Double(bytesPerSecond))
        let deadline = due.withLock { due in
            due = max(due, clock.now) + time
            return due
        }
        try await clock.sleep(until: deadline)
    }
}
