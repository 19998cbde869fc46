import Foundation

/// A time in the API's format: `YYYY-MM-DDTHH:MM:SSZ`, in UTC and whole seconds.
///
/// The Python client reads no other format.
struct Timestamp: Hashable, JSONWritable {
    private let date: Date

    init(_ date: Date) { self.date = date }

    var text: String { date.formatted(.iso8601) }

    func write(to json: inout JSONWriter) { json.string(text) }
}
