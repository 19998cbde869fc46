import Foundation
import NIOCore
import PontoonCore

/// A value with a JSON representation in the API.
protocol JSONWritable: Sendable {
    /// Appends exactly one JSON value.
    func write(to json: inout JSONWriter)
}

extension String: JSONWritable {
    func write(to json: inout JSONWriter) { json.string(self) }
}

extension Int: JSONWritable {
    func write(to json: inout JSONWriter) { json.literal(String(self)) }
}

extension Int64: JSONWritable {
    func write(to json: inout JSONWriter) { json.literal(String(self)) }
}

extension Bool: JSONWritable {
    func write(to json: inout JSONWriter) { json.literal(self ? "true" : "false") }
}

extension Array: JSONWritable where Element: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.array(self) { json, element in element.write(to: &json) }
    }
}

extension Dictionary: JSONWritable where Key == String, Value: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
                json.field(name) { value }
            }
        }
    }
}

extension JSONValue: JSONWritable {
    func write(to json: inout JSONWriter) {
        switch self {
        case .null: json.literal("null")
        case .bool(let value): value.write(to: &json)
        case .integer(let value): value.write(to: &json)
        case .number(let value):
            // Writes 5 rather than 5.0, like `JSONEncoder`.
            let text = value.description
            json.literal(text.hasSuffix(".0") ? String(text.dropLast(2)) : text)
        case .string(let value): value.write(to: &json)
        case .array(let value): value.write(to: &json)
        case .object(let value): value.write(to: &json)
        }
    }
}

extension JSONValue {
    /// The JSON text, with sorted keys.
    var text: String { String(buffer: JSONWriter(self).buffer) }
}

/// A value, or `null` if there is none.
struct OrNull<Value: JSONWritable>: JSONWritable {
    let value: Value?

    init(_ value: Value?) { self.value = value }

    func write(to json: inout JSONWriter) {
        if let value { value.write(to: &json) } else { json.literal("null") }
    }
}

/// A JSON value that is stored as text.
struct StoredJSON: JSONWritable {
    let text: String

    func write(to json: inout JSONWriter) { json.stored(self) }
}
