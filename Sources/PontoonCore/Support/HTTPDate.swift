package import PontoonFoundation

/// Dates in the preferred format of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110, section 5.6.7.
package enum HTTPDate {
    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
    private static let calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()

    package static func format(_ date: Date) -> String {
        let parts = calendar.dateComponents([.year, .month, .day, .weekday, .hour, .minute, .second], from: date)
        guard let year = parts.year, let month = parts.month, let day = parts.day, let weekday = parts.weekday,
            let hour = parts.hour, let minute = parts.minute, let second = parts.second,
            weekdays.indices.contains(weekday - 1), months.indices.contains(month - 1)
        else { return "" }
        let time = [hour, minute, second].map { $0.padded(to: 2) }.joined(separator: ":")
        return "\(weekdays[weekday - 1]), \(day.padded(to: 2)) \(months[month - 1]) \(year.padded(to: 4)) \(time) GMT"
    }

    /// Parses a date in the preferred format; returns `nil` for any other text, including the obsolete date formats.
    package static func parse(_ text: String) -> Date? {
        let fields = text.split(separator: " ", omittingEmptySubsequences: false)
        guard fields.map(\.utf8.count) == [4, 2, 3, 4, 8, 3], let day = Int(fields[1]),
            let month = months.firstIndex(of: String(fields[2])),
            let year = Int(fields[3])
        else { return nil }
        let time = fields[4].split(separator: ":").map { Int($0) }
        guard time.count == 3 else { return nil }
        let parts = DateComponents(
            year: year,
            month: month + 1,
            day: day,
            hour: time[0],
            minute: time[1],
            second: time[2]
        )
        // Only a valid date in exactly this format is unchanged when it is formatted again.
        return calendar.date(from: parts).flatMap { format($0) == text ? $0 : nil }
    }
}
