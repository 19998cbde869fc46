import PontoonCore

/// Decides when a part in flight is sent over a second connection as well (a hedged request); a pure value.
///
/// A very slow connection makes too much progress to count as stalled, but delays the end of the whole run.
struct HedgingPolicy: Hashable, Sendable {
    /// Minimum elapsed time before a part can count as slow.
    var minimumElapsed: Duration = .seconds(5)
    /// Multiple of the typical duration that a part may take.
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
