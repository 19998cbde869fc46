import PontoonCore

/// A parser of JSON as defined by RFC 8259, which takes time linear in the length of the text.
///
/// It is stricter than `JSONDecoder`: the text must be UTF-8 without a byte order mark, the keys of an object must be
/// distinct, arrays and objects may be nested at most ``maximumDepth`` deep, and a string may contain at most
/// ``CombiningMarks/limit`` combining marks in a row. For the reasons, see
/// docs/decisions/0017-json-is-parsed-strictly.md.
struct JSONParser {
    /// Maximum depth of nested arrays and objects; the value `[[]]` has depth 2.
    static let maximumDepth = 32

    private static let digits = UInt8(ascii: "0")...UInt8(ascii: "9")

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0

    /// Parses a text that consists of one JSON value, with optional white space around it.
    ///
    /// - Throws: ``JSONSyntaxError``.
    static func parse(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var parser = JSONParser(bytes: bytes)
        parser.skipWhiteSpace()
        let value = try parser.value()
        parser.skipWhiteSpace()
        guard parser.position == bytes.count else { throw parser.error("unexpected text after the value") }
        return value
    }

    /// Parses a string; see ``parse(_:)-([UInt8])``.
    static func parse(_ text: String) throws(JSONSyntaxError) -> JSONValue { try parse(Array(text.utf8)) }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func error(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(problem: problem, offset: position) }

    private mutating func skipWhiteSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// Skips the next byte if it is the given ASCII character, and returns whether it was skipped.
    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func value() throws(JSONSyntaxError) -> JSONValue {
        switch next {
        case UInt8(ascii: "{"): return .object(try nested { parser throws(JSONSyntaxError) in try parser.object() })
        case UInt8(ascii: "["): return .array(try nested { parser throws(JSONSyntaxError) in try parser.array() })
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || Self.digits.contains(byte): return try number()
        default: throw error("expected a value")
        }
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        guard end <= bytes.count, text.withUTF8Buffer({ bytes[position..<end].elementsEqual($0) }) else {
            throw error("expected a value")
        }
        position = end
        return value
    }

    /// Parses a nested array or object, starting at its opening bracket.
    private mutating func nested<Value>(
        _ parse: (inout JSONParser) throws(JSONSyntaxError) -> Value
    ) throws(JSONSyntaxError) -> Value {
        guard depth < Self.maximumDepth else {
            throw error("arrays and objects are nested more than \(Self.maximumDepth) levels deep")
        }
        depth += 1
        position += 1
        skipWhiteSpace()
        let value = try parse(&self)
        depth -= 1
        return value
    }

    private mutating func array() throws(JSONSyntaxError) -> [JSONValue] {
        var elements: [JSONValue] = []
        if skip("]") { return elements }
        while true {
            elements.append(try value())
            skipWhiteSpace()
            if skip("]") { return elements }
            guard skip(",") else { throw error("expected ',' or ']'") }
            skipWhiteSpace()
        }
    }

    private mutating func object() throws(JSONSyntaxError) -> [String: JSONValue] {
        var fields: [String: JSONValue] = [:]
        if skip("}") { return fields }
        while true {
            guard next == UInt8(ascii: "\"") else { throw error("expected a key in double quotes") }
            let key = try string()
            skipWhiteSpace()
            guard skip(":") else { throw error("expected ':'") }
            skipWhiteSpace()
            guard fields.updateValue(try value(), forKey: key) == nil else { throw error("duplicate key") }
            skipWhiteSpace()
            if skip("}") { return fields }
            guard skip(",") else { throw error("expected ',' or '}'") }
            skipWhiteSpace()
        }
    }
}

// MARK: Strings

extension JSONParser {
    /// Parses a string, starting at its opening quote.
    private mutating func string() throws(JSONSyntaxError) -> String {
        position += 1
        let start = position
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if next == UInt8(ascii: "\"") {
            defer { position += 1 }
            return try text(bytes[start..<position])
        }
        var unescaped = Array(bytes[start..<position])
        while true {
            switch next {
            case nil: throw error("unterminated string")
            case UInt8(ascii: "\""):
                defer { position += 1 }
                return try text(unescaped[...])
            case UInt8(ascii: "\\"):
                position += 1
                unescaped.append(contentsOf: String(try escape()).utf8)
            case let byte? where byte >= 0x20:
                position += 1
                unescaped.append(byte)
            default: throw error("unescaped control character in a string")
            }
        }
    }

    private func text(_ bytes: ArraySlice<UInt8>) throws(JSONSyntaxError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw error("string is not UTF-8") }
        guard CombiningMarks.areFew(in: text) else {
            throw error("more than \(CombiningMarks.limit) combining marks in a row")
        }
        return text
    }

    /// Parses an escape, starting after its backslash.
    private mutating func escape() throws(JSONSyntaxError) -> Unicode.Scalar {
        guard let byte = next else { throw error("unterminated string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("invalid escape in a string")
        }
    }

    /// Parses one `\u` escape, or two that form a surrogate pair, starting after the first `\u`.
    private mutating func unicodeEscape() throws(JSONSyntaxError) -> Unicode.Scalar {
        let first = try hexDigits()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard UTF16.isLeadSurrogate(first), skip("\\"), skip("u") else { throw error("unpaired surrogate") }
        let second = try hexDigits()
        guard UTF16.isTrailSurrogate(second) else { throw error("unpaired surrogate") }
        return UTF16.decode(UTF16.EncodedScalar([first, second]))
    }

    private mutating func hexDigits() throws(JSONSyntaxError) -> UInt16 {
        var value: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw error("invalid escape in a string")
            }
            value = value << 4 | UInt16(digit)
            position += 1
        }
        return value
    }
}

// MARK: Numbers

extension JSONParser {
    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = position
        _ = skip("-")
        if !skip("0") { try skipDigits() }
        var isInteger = true
        if skip(".") {
            isInteger = false
            try skipDigits()
        }
        if skip("e") || skip("E") {
            isInteger = false
            if !skip("+") { _ = skip("-") }
            try skipDigits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let integer = Int64(text) { return .integer(integer) }
        guard let number = Double(text), number.isFinite else { throw error("number out of range") }
        return .number(number)
    }

    /// Skips one or more digits.
    private mutating func skipDigits() throws(JSONSyntaxError) {
        let start = position
        while let byte = next, Self.digits.contains(byte) { position += 1 }
        guard position > start else { throw error("expected a digit") }
    }
}

/// The first syntax error in a text that is not valid JSON.
struct JSONSyntaxError: Error, Hashable, CustomStringConvertible {
    /// A description of the error, such as `expected ':'`.
    let problem: String
    /// Byte offset of the error, from 0.
    let offset: Int

    var description: String { "\(problem) at byte \(offset)" }
}
