import Foundation
import Testing

@testable import PontoonClient

/// Bandwidth limits that change with the time of day.
struct BandwidthLimitTests {
    private func calendar(_ zone: String) throws -> Calendar {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = try #require(TimeZone(identifier: zone))
        return calendar
    }

    /// Returns a UTC time on the day that is `days` after 2026-11-29, a Sunday.
    private func date(_ days: Int, _ hour: Int, _ minute: Int) -> Date {
        Date(timeIntervalSince1970: 1_795_910_400 + Double(days * 86_400 + hour * 3600 + minute * 60))
    }

    @Test("entries without a day apply on every day, and the last entry of the week applies before the first")
    func daily() throws {
        let limit = BandwidthLimit(timetable: [
            .init(minute: 19 * 60, bytesPerSecond: nil), .init(minute: 8 * 60, bytesPerSecond: 10),
        ])
        let utc = try calendar("UTC")
        for (day, hour, minute, expected) in [
            (0, 0, 0, nil), (0, 7, 59, nil), (0, 8, 0, 10), (3, 18, 59, 10), (3, 19, 0, nil), (6, 23, 59, nil),
            (7, 12, 0, 10),
        ] as [(Int, Int, Int, Int64?)] {
            #expect(limit.bytesPerSecond(at: date(day, hour, minute), in: utc) == expected, "\(day) \(hour):\(minute)")
        }
        // The times of the timetable are in the local time zone.
        #expect(limit.bytesPerSecond(at: date(0, 7, 30), in: try calendar("Europe/Berlin")) == 10)
        #expect(limit.lowest == 10)
    }

    @Test("entries with a day apply from that time on, until the next entry of the week")
    func weekly() throws {
        let limit = BandwidthLimit(timetable: [
            .init(weekday: 5, minute: 60, bytesPerSecond: 5), .init(weekday: 1, minute: 0, bytesPerSecond: 1),
            .init(weekday: 1, minute: 0, bytesPerSecond: 2),
        ])
        let utc = try calendar("UTC")
        for (day, hour, expected) in [(0, 12, 5), (1, 0, 2), (4, 23, 2), (5, 0, 2), (5, 1, 5), (6, 9, 5)] {
            #expect(limit.bytesPerSecond(at: date(day, hour, 0), in: utc) == Int64(expected), "\(day) \(hour)")
        }
        #expect(BandwidthLimit(timetable: []).bytesPerSecond(at: .now) == nil)
        #expect(BandwidthLimit(bytesPerSecond: 0).bytesPerSecond(at: .now) == 1)
    }
}
