/// The processor time that the threads of ``LowPriorityExecutor`` may use while transfers need the processors.
///
/// A low priority alone is not enough: calls that use the processors whenever transfers leave them free also cause work
/// that cannot have a low priority, such as accepting connections and sending responses. While the process transfers
/// the bytes of files so fast that this takes much processor time, the threads therefore rest after each piece of work
/// that exceeds their share.
///
/// Reason: docs/decisions/0020-calls-give-way-to-uploads.md.
struct LowPriorityBudget: Sendable {
    /// The threads' share of all processors while transfers need them.
    static let share = 0.05
    /// Processor time per processor that may be used at once after a pause.
    static let burst = Duration.milliseconds(50)
    /// Longest rest after one piece of work.
    static let longestRest = Duration.seconds(1)
    /// Bytes per second from which transfers may need the processors.
    static let transferRate = 64.0 * 1_048_576
    /// Share of all processors that the other threads of the process use if transfers need the processors.
    static let transferShare = 0.25
    /// Shortest time over which the rate and the shares are measured.
    static let period = Duration.milliseconds(100)

    /// Totals since the start of the process, which never decrease.
    struct Totals: Sendable {
        /// Number of bytes of files that were sent and received.
        let transferredBytes: UInt64
        /// Processor time of all threads, including those of the executor.
        let processorTime: Duration
    }

    /// The totals at the start of a period, and the processor time that the executor's threads have used since.
    private struct Period {
        let start: ContinuousClock.Instant
        let totals: Totals
        var used = Duration.zero
    }

    private let cores: Double
    /// Unused processor time, in seconds; negative after too much was used.
    private var credit: Double
    private var lastUse: ContinuousClock.Instant
    private var current: Period
    private var isLimited = false

    /// - Parameters:
    ///   - cores: Number of processors; values below 1 count as 1.
    ///   - totals: The totals.
    ///   - now: The time.
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
    ///   - now: The time, never earlier than in the call before.
    ///   - totals: Returns the totals; called once per period.
    /// - Returns: How long the thread has to rest; zero if it may continue.
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
            // The work that was not limited has no effect later.
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
