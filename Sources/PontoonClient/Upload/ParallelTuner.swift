/// How many parts are in flight, found by trying; decided without I/O.
///
/// One more at a time while the throughput gains from it; back when it does not, and another try after a while.
struct ParallelTuner: Sendable {
    /// How many now.
    private(set) var width: Int
    /// Most there may be.
    let limit: Int
    private var best: Double = 0
    private var rest = 0

    /// Share by which one more must raise the throughput to be kept.
    static let gain = 0.04
    /// Observations between two tries.
    static let restingTime = 10

    init(limit: Int) {
        self.limit = max(1, limit)
        width = min(4, self.limit)
    }

    /// Takes the throughput since the last observation.
    ///
    /// - Parameters:
    ///   - throughput: Units of work per second.
    ///   - isSaturated: Whether there was work for all slots; otherwise nothing can be learnt.
    mutating func observe(throughput: Double, isSaturated: Bool) {
        guard isSaturated, throughput > 0 else { return }
        if rest > 0 {
            rest -= 1
            best = max(best * 0.98, throughput)
            if rest == 0 { grow() }
            return
        }
        if throughput > best * (1 + Self.gain) || best == 0 {
            best = throughput
            grow()
        } else {
            // The last one gained nothing: without it, for a while.
            width = max(1, width - step)
            best = max(throughput, best * 0.98)
            rest = Self.restingTime
        }
    }

    private var step: Int { max(1, width / 4) }

    private mutating func grow() { width = min(limit, width + step) }
}

/// What may be in memory at once, decided without I/O.
struct MemoryPlan: Hashable, Sendable {
    /// Most bytes read from a file at once.
    let chunk: Int
    /// Most parts in flight.
    let width: Int

    /// What the process needs besides the bytes in flight.
    static let base = 48 << 20
    /// Chunks that a part has in memory: one being sent, one being read.
    static let chunksPerPart = 3

    /// Divides the memory.
    init(maximumMemory: Int, wanted: Int) {
        let room = max(maximumMemory - Self.base, 8 << 20)
        var chunk = 1 << 20
        while chunk > 64 << 10, chunk * Self.chunksPerPart * wanted > room { chunk /= 2 }
        self.chunk = chunk
        width = max(1, min(wanted, room / (chunk * Self.chunksPerPart)))
    }
}
