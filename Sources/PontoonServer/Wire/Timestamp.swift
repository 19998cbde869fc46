import Foundation

/// A time as the API writes it: `YYYY-MM-DDTHH:MM:SSZ`, whole seconds in UTC, the only format that the Python client reads.
struct Timestamp: Hashable, JSONWritable {
    private let date: Date

    init(_ date: Date) { self.date = date }

    var text: String { date.formatted(.iso8601) }

    func write(to json: inout JSONWriter) { json.string(text) }
}
