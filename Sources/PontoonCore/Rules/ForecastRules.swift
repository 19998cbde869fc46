package import PontoonFoundation

/// The arithmetic of forecasts, which does not trap for any input.
package enum ForecastRules {
    /// Length in seconds of the period before the present over which rates are measured.
    package static let window: TimeInterval = 600
    /// The start of the year 10000, which the API's time format cannot represent.
    private static let endOfTime = Date(timeIntervalSince1970: 253_402_300_800)

    /// Returns a rate in bytes per second.
    ///
    /// - Parameters:
    ///   - bytes: Number of bytes.
    ///   - seconds: The time in seconds in which the bytes arrived; rounded down, but at least 1.
    /// - Returns: The rate, rounded down; `nil` if it is less than 1.
    package static func bytesPerSecond(_ bytes: Int64, in seconds: TimeInterval) -> Int64? {
        let whole = Int64(exactly: seconds.rounded(.down)) ?? 1
        let rate = bytes / max(1, whole)
        return rate > 0 ? rate : nil
    }

    /// Returns the time at which a number of bytes will have arrived.
    ///
    /// - Parameters:
    ///   - bytes: Number of bytes still to arrive; the result is `now` if there are none.
    ///   - bytesPerSecond: The rate at which bytes arrive; `nil` if it is unknown.
    ///   - now: The current time.
    /// - Returns: `nil` if bytes are still to arrive and the rate is unknown or not positive, or the time is after the
    ///   year 9999.
    package static func end(of bytes: Int64, at bytesPerSecond: Int64?, now: Date) -> Date? {
        guard bytes > 0 else { return now }
        guard let bytesPerSecond, bytesPerSecond > 0 else { return nil }
        let end = now.addingTimeInterval(Double(bytes) / Double(bytesPerSecond))
        return end < endOfTime ? end : nil
    }
}
