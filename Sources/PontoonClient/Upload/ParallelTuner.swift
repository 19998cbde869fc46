/// How many parts are in flight, found by trying; decided without I/O.
///
/// At first half as many more each time, as long as the throughput gains from it; back when it does not. Later a few more
/// once in a while.
struct ParallelTuner: Sendable {
    /// How many now.
    private(set) var width: Int
    /// Most there may be.
    let limit: Int
    private var previous: Int
    private var best: Double = 0
    private var rest = 0
    private var isStarting = true

    /// Share by which more must raise the throughput to be kept.
    static let gain = 0.04
    /// Observations between two tries.
    static let restingTime = 10

    /// Takes the most there may be, and how many at first.
    init(limit: Int, start: Int = 4) {
        self.limit = max(1, limit)
        width = min(max(1, start), self.limit)
        previous = width
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
            // The last ones gained nothing: without them, for a while.
            width = previous
            isStarting = false
            best = max(throughput, best * 0.98)
            rest = Self.restingTime
        }
    }

    private mutating func grow() {
        previous = width
        width = min(limit, width + (isStarting ? max(2, width / 2) : max(1, width / 8)))
    }
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
