package import PontoonFoundation

/// The time for which the service has been running in total, with readings of the wall clock during that time.
///
/// Uploads expire by this time instead of the wall clock, which may be wrong when a server starts and be corrected
/// later. If uploads expired by the wall clock, one start with a clock that is too far ahead would abort all of them.
package struct ObservedTime: Hashable, Sendable {
    /// A reading of both clocks, in milliseconds.
    private struct Reading: Hashable {
        let observed: Int64
        let wall: Int64
    }

    /// Total running time in milliseconds.
    private var observed: Int64 = 0
    /// The wall-clock time of the last call of ``advance(by:wall:lifetime:)``, as Unix time in milliseconds.
    private var lastWall: Int64?
    /// Readings at intervals of about a hundredth of the lifetime of uploads, oldest first.
    private var readings: [Reading] = []

    package init() {}

    /// Adds running time and records the wall-clock time.
    ///
    /// Adds no running time if no wall-clock time was recorded before.
    ///
    /// - Parameters:
    ///   - elapsed: Time on a monotonic clock since the caller's last call, or since it started.
    ///   - wall: The current wall-clock time. If it has advanced by less than `elapsed` since the last call, perhaps
    ///     because another server made that call, only this advance is added; if it was set back, nothing is added.
    ///   - lifetime: The lifetime of uploads.
    package mutating func advance(by elapsed: Duration, wall: Date, lifetime: Duration) {
        let (wall, lifetime) = (Self.milliseconds(wall), Self.milliseconds(lifetime))
        if let lastWall {
            let (shown, overflows) = wall.subtractingReportingOverflow(lastWall)
            let added = overflows ? 0 : max(0, min(Self.milliseconds(elapsed), shown))
            observed = observed.addingReportingOverflow(added).overflow ? .max : observed + added
        }
        lastWall = wall
        let isDue = readings.last.map { observed - $0.observed >= lifetime / 100 } ?? true
        if isDue { readings.append(Reading(observed: observed, wall: wall)) }
        if let first = firstNeeded(lifetime) { readings.removeFirst(first) }
    }

    /// Returns the wall-clock time since which an upload must have been idle to expire; `nil` if the total running time
    /// is shorter than the lifetime.
    package func deadline(lifetime: Duration) -> Date? {
        let lifetime = Self.milliseconds(lifetime)
        guard let lastWall, let first = firstNeeded(lifetime) else { return nil }
        // The minimum ignores a reading from a clock that was ahead, because later readings are lower.
        let earliest = readings[first...].map(\.wall).min() ?? lastWall
        let (byClock, overflows) = lastWall.subtractingReportingOverflow(lifetime)
        return Date(timeIntervalSince1970: Double(min(earliest, overflows ? .min : byClock)) / 1000)
    }

    /// Returns the index of the latest reading that is at least as old as the lifetime; `nil` if there is none.
    private func firstNeeded(_ lifetime: Int64) -> Int? {
        readings.lastIndex { $0.observed <= observed - lifetime }
    }

    private static func milliseconds(_ date: Date) -> Int64 {
        Int64(exactly: (date.timeIntervalSince1970 * 1000).rounded()) ?? .max
    }

    private static func milliseconds(_ duration: Duration) -> Int64 { Int64(duration / .milliseconds(1)) }
}

extension ObservedTime {
    /// The text to store: the fields as numbers, separated by spaces.
    package var text: String {
        let numbers = [observed, lastWall ?? 0] + readings.flatMap { [$0.observed, $0.wall] }
        return numbers.map(String.init).joined(separator: " ")
    }

    /// Parses a stored ``text``; returns `nil` for any other text.
    package init?(_ text: String) {
        let numbers = text.split(separator: " ", omittingEmptySubsequences: false).map { Int64($0) }
        guard numbers.count >= 2, numbers.count.isMultiple(of: 2), !numbers.contains(nil) else { return nil }
        let values = numbers.compactMap(\.self)
        observed = max(0, values[0])
        lastWall = values[1]
        readings = stride(from: 2, to: values.count, by: 2).map {
            Reading(observed: max(0, values[$0]), wall: values[$0 + 1])
        }
    }
}
