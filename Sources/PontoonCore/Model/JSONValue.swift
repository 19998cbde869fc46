/// Any JSON value, for bodies that have no fixed structure or are validated field by field.
package enum JSONValue: Hashable, Sendable, Encodable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The value as an integer; `nil` if it is not an integer or may not be exact.
    ///
    /// `5`, `5.0` and `5e0` are all the integer 5. A number beyond ±2^53 counts as exact only if it was parsed as an
    /// `Int64`, because the conversion to `Double` may have rounded it.
    ///
    /// Source: docs/api.md#requests.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): value.magnitude <= 0x1p53 ? Int64(exactly: value) : nil
        default: nil
        }
    }
}

extension JSONValue {
    /// The elements of an array of strings; `nil` for any other value.
    package var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        var strings: [String] = []
        for value in values {
            guard case .string(let text) = value else { return nil }
            strings.append(text)
        }
        return strings
    }

    /// The text of a string, number or Boolean; `nil` for any other value.
    ///
    /// The R clients send numbers and Booleans as tags and metadata values.
    package var scalarText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): String(number)
        case .bool(let flag): String(flag)
        case .null, .array, .object: nil
        }
    }

    /// The elements of an array of strings, numbers and Booleans, as text; `nil` for any other value.
    package var scalarTexts: [String]? {
        guard case .array(let values) = self else { return nil }
        let texts = values.compactMap(\.scalarText)
        return texts.count == values.count ? texts : nil
    }
}
