import Foundation
import PontoonCore

/// Time as the API writes it.
///
/// `YYYY-MM-DDTHH:MM:SSZ`, whole seconds, UTC: the Python client reads nothing else.
struct Timestamp: Hashable, Sendable, Codable {
    /// The moment.
    let date: Date

    /// Wraps a moment.
    init(_ date: Date) { self.date = date }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        date = try Date(text, strategy: .iso8601)
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }

    /// As it is written.
    var text: String { date.formatted(.iso8601) }
}
