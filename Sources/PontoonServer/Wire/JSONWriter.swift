import NIOCore
import PontoonCore

/// A writer that produces JSON in one pass, byte for byte as `JSONEncoder` does with `.sortedKeys` and
/// `.withoutEscapingSlashes`.
///
/// Callers append the fields of an object in alphabetical order. ``field(_:_:)`` neither computes nor writes a field
/// that is not selected. For the reasons, see docs/decisions/0014-json-is-written-directly.md.
struct JSONWriter: Sendable {
    private(set) var buffer = ByteBufferAllocator().buffer(capacity: 1024)
    private var needsComma = false
    /// The selected fields of the current object.
    private var selection = FieldSelection.all
    /// The selected fields of the next object.
    private var nextSelection = FieldSelection.all

    /// Creates a writer and appends `value`; if it is an object, only the selected fields.
    init(_ value: some JSONWritable, fields: FieldSelection = .all) { write(value, fields: fields) }

    /// Appends a value; if it is an object, only the selected fields.
    mutating func write(_ value: some JSONWritable, fields: FieldSelection) {
        nextSelection = fields
        value.write(to: &self)
        nextSelection = .all
    }

    /// Appends an object.
    ///
    /// - Parameter fields: A closure that appends the fields in alphabetical order.
    mutating func object(_ fields: (inout JSONWriter) -> Void) {
        let (outerSelection, outerNeedsComma) = (selection, needsComma)
        (selection, nextSelection, needsComma) = (nextSelection, .all, false)
        buffer.writeStaticString("{")
        fields(&self)
        buffer.writeStaticString("}")
        (selection, needsComma) = (outerSelection, outerNeedsComma)
    }

    /// Appends a field if it is selected and has a value.
    mutating func field(_ name: StaticString, _ value: @autoclosure () -> (some JSONWritable)?) {
        if selection.includesEverything {
            guard let value = value() else { return }
            key(name)
            value.write(to: &self)
        } else {
            field(name.description, value)
        }
    }

    /// Appends a field whose name is not a constant, if it is selected and has a value.
    mutating func field(_ name: String, _ value: () -> (some JSONWritable)?) {
        let choice = selection.choice(name)
        if case .omitted = choice { return }
        guard let value = value() else { return }
        let (start, neededComma) = (buffer.writerIndex, needsComma)
        key(name)
        guard case .nested(let names) = choice else { return value.write(to: &self) }
        let valueStart = buffer.writerIndex
        write(value, fields: names)
        // `a.b` selects nothing if `a` is not an object.
        if buffer.getInteger(at: valueStart) != UInt8(ascii: "{") {
            buffer.moveWriterIndex(to: start)
            needsComma = neededComma
        }
    }

    /// Appends a field with a value, even if the field is not selected; if the value is an object, only its fields in
    /// `fields`.
    mutating func field(_ name: StaticString, _ value: some JSONWritable, fields: FieldSelection) {
        key(name)
        write(value, fields: fields)
    }

    /// Appends a field with an array, even if the field is not selected.
    ///
    /// `write` is called for each element and must append one value.
    mutating func array<Element>(
        _ name: StaticString,
        _ elements: [Element],
        _ write: (inout JSONWriter, Element) -> Void
    ) {
        key(name)
        array(elements, write)
    }

    /// Appends an array.
    ///
    /// `write` is called for each element and must append one value.
    mutating func array<Element>(_ elements: [Element], _ write: (inout JSONWriter, Element) -> Void) {
        buffer.writeStaticString("[")
        var isFirst = true
        for element in elements {
            if !isFirst { buffer.writeStaticString(",") }
            isFirst = false
            write(&self, element)
        }
        buffer.writeStaticString("]")
    }

    mutating func string(_ text: String) {
        var text = text
        buffer.writeInteger(UInt8(ascii: "\""))
        text.withUTF8 { bytes in
            if bytes.contains(where: Self.isEscaped) {
                for byte in bytes { append(escaped: byte) }
            } else {
                buffer.writeBytes(UnsafeRawBufferPointer(bytes))
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    /// Appends stored JSON; if it is an object, only the selected fields.
    ///
    /// The text is parsed only if the response does not include all of its fields. If it must be parsed but is not
    /// valid JSON, `null` is appended.
    mutating func stored(_ value: StoredJSON) {
        guard !nextSelection.includesEverything else { return literal(value.text) }
        let parsed = try? JSONParser.parse(value.text)
        (parsed ?? .null).write(to: &self)
    }

    /// Appends text that is already JSON, such as a number, without checking it.
    mutating func literal(_ text: String) { buffer.writeString(text) }

    /// Appends the name of a field, which must not contain characters that JSON escapes.
    private mutating func key(_ name: StaticString) {
        buffer.writeStaticString(needsComma ? ",\"" : "\"")
        needsComma = true
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
    }

    private mutating func key(_ name: String) {
        if needsComma { buffer.writeStaticString(",") }
        needsComma = true
        string(name)
        buffer.writeStaticString(":")
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
