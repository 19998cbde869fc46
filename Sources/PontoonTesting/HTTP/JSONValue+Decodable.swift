import PontoonCore

/// Decoding with Foundation, so that the tests read the server's JSON independently of the server's parser.
///
/// The time grows with the square of the nesting depth, so do not decode untrusted JSON with it.
extension JSONValue: Decodable {
    package init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let object = try? value.decode([String: JSONValue].self) {
            self = .object(object)
        } else if value.decodeNil() {
            self = .null
        } else if let integer = try? value.decode(Int64.self), Double(integer) == (try? value.decode(Double.self)) {
            // Foundation also decodes large numbers with a fraction as integers, and drops the fraction.
            self = .integer(integer)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let array = try? value.decode([JSONValue].self) {
            self = .array(array)
        } else {
            self = .number(try value.decode(Double.self))
        }
    }
}
