import PontoonCore

extension JSONValue {
    /// This value with all numbers as floating-point numbers, because Foundation decodes `1e16` as an integer.
    var withDoubles: JSONValue {
        switch self {
        case .integer(let value): .number(Double(value))
        case .array(let values): .array(values.map(\.withDoubles))
        case .object(let fields): .object(fields.mapValues(\.withDoubles))
        case .null, .bool, .number, .string: self
        }
    }
}
