import PontoonCore
import Synchronization

/// Decides when a part in flight is sent over a second connection as well (a hedged request); a pure value.
///
/// A connection that crawls makes too much progress to count as stalled, but delays the end of the whole run.
struct HedgingPolicy: Hashable, Sendable {
    /// A part that takes less is never slow.
    var minimumElapsed: Duration = .seconds(5)
    /// How many times as long as usual a part may take.
    var factor = 3.0

    /// Decides whether a part is slow.
    ///
    /// - Parameters:
    ///   - elapsed: Time since its first byte was sent.
    ///   - size: Its length in bytes.
    ///   - typicalRate: Typical throughput of a part in bytes per second; `nil` if it is not known yet.
    /// - Returns: Whether it is slow.
    func isSlow(elapsed: Duration, size: Int64, typicalRate: Double?) -> Bool {
        guard let typicalRate, typicalRate > 0, elapsed > minimumElapsed else { return false }
        return elapsed.inSeconds > factor * Double(size) / typicalRate
    }
}

/// The throughput of the most recent parts.
final class ThroughputHistory: Sendable {
    private let rates = Mutex<[Double]>([])

    private static let minimumCount = 3
    private static let maximumCount = 32
    /// Smaller parts mostly wait for responses.
    private static let minimumSize: Int64 = 1 << 20

    /// Adds a part that was stored.
    func add(size: Int64, time: Duration) {
        guard size >= Self.minimumSize, time > .zero else { return }
        rates.withLock { rates in
            if rates.count == Self.maximumCount { rates.removeFirst() }
            rates.append(Double(size) / time.inSeconds)
        }
    }

    /// Median in bytes per second; `nil` if there are too few parts.
    var median: Double? {
        rates.withLock { rates in rates.count < Self.minimumCount ? nil : rates.sorted()[rates.count / 2] }
    }
}
