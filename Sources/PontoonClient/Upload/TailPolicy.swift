import Synchronization

/// When a part in flight is sent over another connection as well, decided without I/O.
///
/// A connection that crawls moves enough not to be given up, and holds up the end of the whole run.
struct TailPolicy: Hashable, Sendable {
    /// A part that took less is never slow.
    var patience: Duration = .seconds(5)
    /// How many times as long as usual a part may take.
    var factor = 3.0

    /// Decides.
    ///
    /// - Parameters:
    ///   - elapsed: How long it has been under way.
    ///   - size: Its length in bytes.
    ///   - usual: Bytes per second that parts reach; `nil` when nobody knows yet.
    /// - Returns: Whether it is slow.
    func isSlow(elapsed: Duration, size: Int64, usual: Double?) -> Bool {
        guard let usual, usual > 0, elapsed > patience else { return false }
        return elapsed.inSeconds > factor * Double(size) / usual
    }
}

/// How fast the parts of a run are, the latest ones.
final class PartPace: Sendable {
    private let rates = Mutex<[Double]>([])

    /// Fewer tell nothing.
    private static let fewest = 3
    private static let most = 32
    /// Smaller parts spend their time waiting for answers.
    private static let smallest: Int64 = 1 << 20

    /// Takes a part that was stored.
    func note(size: Int64, time: Duration) {
        guard size >= Self.smallest, time > .zero else { return }
        rates.withLock { rates in
            if rates.count == Self.most { rates.removeFirst() }
            rates.append(Double(size) / time.inSeconds)
        }
    }

    /// The middle of them in bytes per second; `nil` when there are too few.
    var usual: Double? {
        rates.withLock { rates in rates.count < Self.fewest ? nil : rates.sorted()[rates.count / 2] }
    }
}
