package import Foundation

/// Dates in the preferred format of HTTP, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
///
/// Source: RFC 9110, section 5.6.7.
package enum HTTPDate {
    package static func format(_ date: Date) -> String { formatter.string(from: date) }

    /// Parses a date in this format; returns `nil` for any other text.
    package static func parse(_ text: String) -> Date? { formatter.date(from: text) }

    /// Shared because creating a formatter costs more than formatting a date.
    private static let formatter: DateFormatter = {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter
    }()
}
