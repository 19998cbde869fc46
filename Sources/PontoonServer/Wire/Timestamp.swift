import Foundation

/// A time that is written in the API's format: `YYYY-MM-DDTHH:MM:SSZ`, in UTC and whole seconds.
///
/// The Python client accepts no other format.
struct Timestamp: Hashable, JSONWritable {
    private let date: Date

    init(_ date: Date) { self.date = date }

    /// Parses a time in the format of RFC 3339, with or without fractional seconds; returns `nil` for any other text,
    /// including dates that do not exist.
    static func date(_ text: String) -> Date? {
        guard text.utf8.count <= 40 else { return nil }
        // Foundation also accepts text after the time, and fields that are out of range: 30 February becomes 2 March.
        guard text.dropFirst(19).wholeMatch(of: /(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-5][0-9])/) != nil else { return nil }
        let local = text.prefix(19) + "Z"
        guard (try? Date(String(local), strategy: .iso8601))?.formatted(.iso8601) == String(local) else { return nil }
        if let date = try? Date(text, strategy: .iso8601) { return date }
        return try? Date(text, strategy: Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    }

    var text: String { date.formatted(.iso8601) }

    func write(to json: inout JSONWriter) { json.string(text) }
}
