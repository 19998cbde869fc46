import PontoonCore

/// A controller that searches for the number of parts in flight with the best throughput.
///
/// At first, the number grows by half as long as throughput improves. A step without improvement is reverted, and
/// followed by a pause. After the first reverted step, the number grows by one eighth at a time.
struct ConcurrencyController: Sendable {
    /// The number of parts that may currently be in flight, from 1 to ``limit``.
    private(set) var concurrency: Int
    let limit: Int
    private var previous: Int
    private var best: Double = 0
    private var rest = 0
    private var isStarting = true

    /// Minimum relative increase in throughput that justifies a higher concurrency.
    static let minimumGain = 0.04
    /// Number of observations between a reverted step and the next step.
    static let restingTime = 10

    init(limit: Int, start: Int = 4) {
        self.limit = max(1, limit)
        concurrency = min(max(1, start), self.limit)
        previous = concurrency
    }

    /// Adapts the concurrency to an observed throughput.
    ///
    /// - Parameters:
    ///   - throughput: Work per second since the last observation, in any unit.
    ///   - isSaturated: Whether all permits were in use; otherwise the observation is ignored.
    mutating func observe(throughput: Double, isSaturated: Bool) {
        guard isSaturated, throughput > 0 else { return }
        if rest > 0 {
            rest -= 1
            best = max(best * 0.98, throughput)
            if rest == 0 { grow() }
            return
        }
        if throughput > best * (1 + Self.minimumGain) || best == 0 {
            best = throughput
            grow()
        } else {
            // The last step brought no improvement: restore the previous concurrency until the next step.
            concurrency = previous
            isStarting = false
            best = max(throughput, best * 0.98)
            rest = Self.restingTime
        }
    }

    private mutating func grow() {
        previous = concurrency
        concurrency = min(limit, concurrency + (isStarting ? max(2, concurrency / 2) : max(1, concurrency / 8)))
    }
}

/// The division of the memory limit among the parts or ranges in flight.
struct MemoryBudget: Hashable, Sendable {
    /// Maximum length of a file read, and approximate length of a file write, in bytes.
    let chunkSize: Int
    /// Maximum number of parts or ranges in flight.
    let concurrency: Int

    /// Memory reserved for everything but chunk buffers, in bytes.
    static let base = 48 << 20
    /// Maximum requested number of parts or ranges in flight; larger values are reduced to this one.
    static let maximumConcurrency = 1024
    /// Maximum number of chunks in memory per part or range in flight.
    ///
    /// One chunk may be read while others are sent.
    static let chunksPerPart = 3

    init(maximumMemory: Int, requestedConcurrency: Int) {
        let available = max(maximumMemory.addingClamped(-Self.base), 8 << 20)
        let requestedConcurrency = min(max(1, requestedConcurrency), Self.maximumConcurrency)
        var chunkSize = 1 << 20
        while chunkSize > 64 << 10, chunkSize * Self.chunksPerPart * requestedConcurrency > available {
            chunkSize /= 2
        }
        self.chunkSize = chunkSize
        concurrency = max(1, min(requestedConcurrency, available / (chunkSize * Self.chunksPerPart)))
    }
}
