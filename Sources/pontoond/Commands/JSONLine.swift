import Foundation
import PontoonCore

extension Encodable {
    /// Returns the value as one line of JSON, with sorted keys in snake case and with control characters escaped.
    func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self).escapedForJSON
    }
}
