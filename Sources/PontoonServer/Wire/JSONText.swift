import NIOCore
import PontoonCore

/// A body that writes its own JSON, exactly as `JSONEncoder` would with sorted keys.
///
/// For the calls that come once a part: encoding takes a tenth of such a call otherwise.
protocol JSONTextConvertible: Encodable, Sendable {
    /// Appends the value.
    func write(to json: inout JSONText)
}

/// JSON that is written piece by piece; whoever writes keeps keys in order.
struct JSONText: Sendable {
    /// What was written.
    private(set) var buffer: ByteBuffer

    /// The JSON of a value.
    init(_ value: some JSONTextConvertible) {
        buffer = ByteBufferAllocator().buffer(capacity: 512)
        value.write(to: &self)
    }

    /// Appends a constant of the program, which must be JSON already.
    mutating func append(constant: StaticString) { buffer.writeStaticString(constant) }

    /// Appends a number.
    mutating func append(_ number: Int) { buffer.writeString(String(number)) }

    /// Appends a string, escaped.
    mutating func append(_ text: String) {
        buffer.writeInteger(UInt8(ascii: "\""))
        if text.utf8.contains(where: Self.isEscaped) {
            for byte in text.utf8 { append(escaped: byte) }
        } else {
            buffer.writeString(text)
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Appends an array of strings.
    mutating func append(_ texts: [String]) {
        append(texts, between: ("[", "]")) { $0.append($1) }
    }

    /// Appends an array of numbers.
    mutating func append(_ numbers: [Int]) {
        append(numbers, between: ("[", "]")) { $0.append($1) }
    }

    /// Appends an object of strings, by key.
    mutating func append(_ fields: [String: String]) {
        append(fields.sorted { $0.key < $1.key }, between: ("{", "}")) { json, field in
            json.append(field.key)
            json.append(constant: ":")
            json.append(field.value)
        }
    }

    private mutating func append<Element>(
        _ elements: [Element],
        between brackets: (StaticString, StaticString),
        _ append: (inout JSONText, Element) -> Void
    ) {
        buffer.writeStaticString(brackets.0)
        for (index, element) in elements.enumerated() {
            if index > 0 { buffer.writeStaticString(",") }
            append(&self, element)
        }
        buffer.writeStaticString(brackets.1)
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func append(escaped byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): buffer.writeStaticString("\\\"")
        case UInt8(ascii: "\\"): buffer.writeStaticString("\\\\")
        case 0x08: buffer.writeStaticString("\\b")
        case 0x09: buffer.writeStaticString("\\t")
        case 0x0A: buffer.writeStaticString("\\n")
        case 0x0C: buffer.writeStaticString("\\f")
        case 0x0D: buffer.writeStaticString("\\r")
        case 0..<0x20: buffer.writeString("\\u00" + Hex.encode([byte]))
        default: buffer.writeInteger(byte)
        }
    }
}
