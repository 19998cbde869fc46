import PontoonCore

/// The rule that determines when a part in flight is also sent over a second connection (a hedged request).
///
/// A very slow connection does not count as stalled, but can delay the whole run.
struct HedgingPolicy: Hashable, Sendable {
    /// Minimum elapsed time before a part can count as slow.
    var minimumElapsed: Duration = .seconds(5)
    /// Multiple of the expected duration after which a part counts as slow.
    var factor = 3.0

    /// Decides whether a part is slow.
    ///
    /// - Parameters:
    ///   - elapsed: Time since the first attempt started.
    ///   - size: Length of the part in bytes.
    ///   - typicalRate: Typical throughput of a part in bytes per second; `nil` if it is not known yet.
    /// - Returns: Whether the part is slow; `false` while the typical throughput is unknown.
    func isSlow(elapsed: Duration, size: Int64, typicalRate: Double?) -> Bool {
        guard let typicalRate, typicalRate > 0, elapsed > minimumElapsed else { return false }
        return elapsed.inSeconds > factor * Double(size) / typicalRate
    }
}
