/// The processor time that the threads of ``LowPriorityExecutor`` may use while the bytes of files are transferred.
///
/// A low priority alone is not enough: calls that use the processor whenever transfers leave it free also cause work
/// that cannot have a low priority, such as accepting connections and sending responses. While transfers are faster
/// than ``transferRate``, the threads therefore rest after each piece of work that exceeds their share.
///
/// Reason: docs/decisions/0020-calls-give-way-to-uploads.md.
struct LowPriorityBudget: Sendable {
    /// The threads' share of all processors while bytes are transferred.
    static let share = 0.05
    /// Processor time per processor that may be used at once after a pause.
    static let burst = Duration.milliseconds(50)
    /// Longest rest after one piece of work.
    static let longestRest = Duration.seconds(1)
    /// Bytes per second from which transfers need the processor: about a twentieth of one.
    static let transferRate = 64.0 * 1_048_576
    /// Shortest time over which the rate is measured.
    static let ratePeriod = Duration.milliseconds(100)

    private let cores: Double
    /// Unused processor time, in seconds; negative after too much was used.
    private var credit: Double
    private var lastUse: ContinuousClock.Instant
    private var isTransferring = false
    private var period: (start: ContinuousClock.Instant, bytes: UInt64)

    /// - Parameters:
    ///   - cores: Number of processors; values below 1 count as 1.
    ///   - now: The time.
    init(cores: Int, now: ContinuousClock.Instant) {
        self.cores = Double(max(1, cores))
        credit = Self.burst / .seconds(1) * self.cores
        lastUse = now
        period = (now, 0)
    }

    /// Records that a thread used processor time.
    ///
    /// - Parameters:
    ///   - used: The processor time.
    ///   - transferred: Number of bytes of files that the process has sent and received, never lower than in the call
    ///     before.
    ///   - now: The time, never earlier than in the call before.
    /// - Returns: How long the thread has to rest; zero if it may continue.
    mutating func use(_ used: Duration, transferred: UInt64, now: ContinuousClock.Instant) -> Duration {
        let elapsed = (now - period.start) / .seconds(1)
        if now - period.start >= Self.ratePeriod {
            isTransferring = Double(transferred &- period.bytes) / elapsed >= Self.transferRate
            period = (now, transferred)
        }
        let rate = Self.share * cores
        let refilled = credit + (now - lastUse) / .seconds(1) * rate
        let lowest = -(Self.longestRest / .seconds(1)) * rate
        credit = max(lowest, min(refilled, Self.burst / .seconds(1) * cores) - used / .seconds(1))
        lastUse = now
        return isTransferring && credit < 0 ? .seconds(-credit / rate) : .zero
    }
}
