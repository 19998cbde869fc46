public import PontoonFoundation

/// A limit on the bandwidth of a transfer, either constant or with a weekly timetable.
public struct BandwidthLimit: Hashable, Sendable {
    /// An entry of a timetable.
    ///
    /// Its limit applies until the time of the next entry.
    public struct Entry: Hashable, Sendable {
        /// Day of the week from 0 (Sunday) to 6; `nil` for every day.
        public var weekday: Int?
        /// Minute of the day, 0 to 1439, in the local time zone.
        public var minute: Int
        /// Limit in bytes per second, 1 or more; `nil` for no limit.
        public var bytesPerSecond: Int64?

        /// Creates an entry.
        public init(weekday: Int? = nil, minute: Int, bytesPerSecond: Int64?) {
            (self.weekday, self.minute, self.bytesPerSecond) = (weekday, minute, bytesPerSecond)
        }
    }

    /// The changes of the limit during the week, in order.
    ///
    /// Empty if there is never a limit.
    private let changes: [Change]

    private struct Change: Hashable {
        let minute: Int
        let bytesPerSecond: Int64?
    }

    private static let minutesPerDay = 24 * 60

    /// Creates a limit that always applies.
    ///
    /// - Parameter bytesPerSecond: The limit. Values below 1 count as 1.
    public init(bytesPerSecond: Int64) {
        changes = [Change(minute: 0, bytesPerSecond: max(1, bytesPerSecond))]
    }

    /// Creates a limit that changes according to a weekly timetable.
    ///
    /// The last entry of a week applies until the first entry of the next week. If several entries have the same time,
    /// the last of them applies.
    ///
    /// - Parameter timetable: The entries, in any order. An empty timetable means no limit.
    public init(timetable: [Entry]) {
        let changes = timetable.flatMap { entry in
            (entry.weekday.map { [$0] } ?? Array(0..<7)).map { day in
                Change(minute: day * Self.minutesPerDay + entry.minute, bytesPerSecond: entry.bytesPerSecond)
            }
        }
        let latest = Dictionary(changes.map { ($0.minute, $0) }) { _, later in later }
        self.changes = latest.values.sorted { $0.minute < $1.minute }
    }

    /// The lowest limit of the week in bytes per second; `nil` if there is never a limit.
    var lowest: Int64? { changes.compactMap(\.bytesPerSecond).min() }

    /// Returns the limit at a time, in bytes per second; `nil` if there is none.
    ///
    /// - Parameters:
    ///   - date: The time.
    ///   - calendar: Calendar that determines the day and the local time.
    /// - Returns: The limit of the last entry at or before that time.
    public func bytesPerSecond(at date: Date, in calendar: Calendar = .current) -> Int64? {
        guard changes.count > 1 else { return changes.first?.bytesPerSecond }
        let parts = calendar.dateComponents([.weekday, .hour, .minute], from: date)
        let day = ((parts.weekday ?? 1) - 1) * Self.minutesPerDay
        let minute = day + (parts.hour ?? 0) * 60 + (parts.minute ?? 0)
        return (changes.last { $0.minute <= minute } ?? changes.last)?.bytesPerSecond
    }
}
