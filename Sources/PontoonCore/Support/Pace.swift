import Synchronization

/// A limit on the rate at which bytes are processed.
final class Pace: Sendable {
    private let bytesPerSecond: Int64?
    private let clock = ContinuousClock()
    /// The time at which the bytes processed so far conform to the rate.
    private let due: Mutex<ContinuousClock.Instant>

    /// - Parameter bytesPerSecond: 1 or more; `nil` is no limit.
    init(bytesPerSecond: Int64?) {
        self.bytesPerSecond = bytesPerSecond.map { max($0, 1) }
        due = Mutex(clock.now)
    }

    /// Waits until bytes that were just processed conform to the rate.
    ///
    /// Unused time is not saved up.
    ///
    /// - Throws: `CancellationError`.
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
