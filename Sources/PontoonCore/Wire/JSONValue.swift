/// Any JSON value, for bodies whose shape must be checked field by field and for `fields` selection.
package enum JSONValue: Hashable, Sendable, Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let object = try? value.decode([String: JSONValue].self) {
            self = .object(object)
        } else if value.decodeNil() {
            self = .null
        } else if let integer = try? value.decode(Int64.self) {
            self = .integer(integer)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let array = try? value.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .number(try value.decode(Double.self))
        }
    }

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

    /// A whole number, however it was written.
    ///
    /// `5`, `5.0` and `5e0` are the same. A number of which a `Double` holds only an approximation does not count: one just
    /// outside of 64 bits would become one inside. Source: docs/api.md#requests.
    package var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let value): value.magnitude <= 0x1p53 ? Int64(exactly: value) : nil
        default: nil
        }
    }
}

/// The JSON object of a request, read field by field so that each refusal names its field and carries its call's code.
package struct RequestObject: Sendable {
    /// The fields as they came; `null` counts as absent.
    package let fields: [String: JSONValue]
    private let code: PontoonError.Code

    /// Takes a request's body.
    ///
    /// - Parameters:
    ///   - value: The body; "no data" in any of its forms (`null`, `[]`) counts as an empty object.
    ///   - code: What a wrong field is refused with.
    /// - Throws: `code` when the body is something else than an object.
    package init(_ value: JSONValue, code: PontoonError.Code) throws(PontoonError) {
        self.code = code
        switch value {
        case .object(let fields): self.fields = fields.filter { $0.value != .null }
        case .null, .array([]): fields = [:]
        default: throw PontoonError(code, "The body must be a JSON object.")
        }
    }

    /// - Throws: The call's code when the field is not a string.
    package func string(_ name: String) throws(PontoonError) -> String? {
        guard let value = fields[name] else { return nil }
        guard case .string(let text) = value else { throw wrong(name, "a string") }
        return text
    }

    /// - Throws: The call's code when the field is not a whole number.
    package func integer(_ name: String) throws(PontoonError) -> Int64? {
        guard let value = fields[name] else { return nil }
        guard let integer = value.integer else { throw wrong(name, "an integer") }
        return integer
    }

    /// - Throws: The call's code when the field is not an array of strings.
    package func strings(_ name: String) throws(PontoonError) -> [String]? {
        guard let value = fields[name] else { return nil }
        guard let strings = value.strings else { throw wrong(name, "an array of strings") }
        return strings
    }

    /// - Throws: The call's code when the field is not an object.
    package func object(_ name: String) throws(PontoonError) -> [String: JSONValue]? {
        guard let value = fields[name] else { return nil }
        guard case .object(let fields) = value else { throw wrong(name, "an object") }
        return fields
    }

    /// - Throws: The call's code when the field is not an array.
    package func array(_ name: String) throws(PontoonError) -> [JSONValue]? {
        guard let value = fields[name] else { return nil }
        guard case .array(let values) = value else { throw wrong(name, "an array") }
        return values
    }

    private func wrong(_ name: String, _ expected: String) -> PontoonError {
        PontoonError(code, "The field '\(name)' must be \(expected).")
    }
}

extension JSONValue {
    /// The strings of an array that holds nothing else.
    package var strings: [String]? {
        guard case .array(let values) = self else { return nil }
        var strings: [String] = []
        for value in values {
            guard case .string(let text) = value else { return nil }
            strings.append(text)
        }
        return strings
    }
}
