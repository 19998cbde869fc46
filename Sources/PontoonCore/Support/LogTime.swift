package import PontoonFoundation

/// The format of times in logs: RFC 3339 in UTC with milliseconds, such as `2026-11-27T22:15:00.123Z`.
package enum LogTime {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    package static func format(_ time: Date) -> String { time.formatted(style) }
}
