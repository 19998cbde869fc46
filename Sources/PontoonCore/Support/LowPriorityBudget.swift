/// The processor time that the threads of ``LowPriorityExecutor`` may use while transfers need the processors.
///
/// A low priority alone is not enough, because calls also cause work at normal priority, such as accepting connections
/// and sending responses. While transfers need much processor time, the threads therefore rest after work that exceeds
/// their share.
///
/// Reason: docs/decisions/0020-calls-give-way-to-uploads.md.
struct LowPriorityBudget: Sendable {
    /// The threads' share of all processors while transfers need them.
    static let share = 0.05
    /// Processor time, per processor, that the threads may use without rest after they were idle.
    static let burst = Duration.milliseconds(50)
    /// Maximum duration of one rest.
    static let longestRest = Duration.seconds(1)
    /// Minimum transfer rate in bytes per second.
    ///
    /// Transfers need the processors if file bytes are transferred at this rate or more and the other threads of the
    /// process use at least ``transferShare``.
    static let transferRate = 64.0 * 1_048_576
    /// Minimum share of all processors used by the other threads of the process; see ``transferRate``.
    static let transferShare = 0.25
    /// Minimum time over which the rate and the shares are measured.
    static let period = Duration.milliseconds(100)

    /// Totals since the start of the process, which never decrease.
    struct Totals: Sendable {
        /// Number of file bytes that were sent and received.
        let transferredBytes: UInt64
        /// Processor time of all threads, including the executor's threads.
        let processorTime: Duration
    }

    /// The totals at the start of a period, and the processor time that the executor's threads have used since.
    private struct Period {
        let start: ContinuousClock.Instant
        let totals: Totals
        var used = Duration.zero
    }

    private let cores: Double
    /// Processor time in seconds that may still be used; negative if too much was used.
    private var credit: Double
    private var lastUse: ContinuousClock.Instant
    private var current: Period
    private var isLimited = false

    /// - Parameters:
    ///   - cores: Number of processors; values below 1 count as 1.
    ///   - totals: The current totals.
    ///   - now: The current time.
    init(cores: Int, totals: Totals, now: ContinuousClock.Instant) {
        self.cores = Double(max(1, cores))
        credit = Self.burst / .seconds(1) * self.cores
        lastUse = now
        current = Period(start: now, totals: totals)
    }

    /// Records that a thread used processor time.
    ///
    /// - Parameters:
    ///   - used: The processor time.
    ///   - now: The current time, not earlier than in the previous call.
    ///   - totals: Returns the current totals; called only if a period has ended.
    /// - Returns: How long the thread must rest; zero if it may continue.
    mutating func use(_ used: Duration, now: ContinuousClock.Instant, totals: () -> Totals) -> Duration {
        current.used += used
        if now - current.start >= Self.period {
            let totals = totals()
            isLimited = needsProcessors(until: now, totals)
            current = Period(start: now, totals: totals)
        }
        let rate = Self.share * cores
        let refilled = credit + (now - lastUse) / .seconds(1) * rate
        let lowest = -(Self.longestRest / .seconds(1)) * rate
        credit = max(lowest, min(refilled, Self.burst / .seconds(1) * cores) - used / .seconds(1))
        lastUse = now
        guard credit < 0 else { return .zero }
        guard isLimited else {
            // Work that was done while there was no limit does not count later.
            credit = 0
            return .zero
        }
        return .seconds(-credit / rate)
    }

    /// Returns whether transfers needed the processors in the period that ends now.
    private func needsProcessors(until now: ContinuousClock.Instant, _ totals: Totals) -> Bool {
        let seconds = (now - current.start) / .seconds(1)
        let bytes = Double(totals.transferredBytes &- current.totals.transferredBytes)
        let others = totals.processorTime - current.totals.processorTime - current.used
        return bytes / seconds >= Self.transferRate && others / .seconds(1) / seconds / cores >= Self.transferShare
    }
}
