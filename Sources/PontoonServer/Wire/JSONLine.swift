package import NIOCore
package import PontoonCore

/// One line of a log: a JSON object, followed by a line feed.
///
/// Line feeds in values are escaped, so no value can begin a new line.
package struct JSONLine: Sendable {
    /// The line in UTF-8.
    package let bytes: ByteBuffer

    /// Creates a line from fields.
    ///
    /// - Parameter fields: Names and values, written in this order; fields whose value is `nil` are omitted.
    package init(_ fields: KeyValuePairs<String, JSONValue?>) {
        self.init(fields.map { (name: $0.key, value: $0.value) })
    }

    /// Creates a line from fields.
    ///
    /// - Parameter fields: Names and values, written in this order; fields whose value is `nil` are omitted.
    package init(_ fields: [(name: String, value: JSONValue?)]) {
        var bytes = JSONWriter(JSONLineObject(fields: fields)).buffer
        bytes.writeStaticString("\n")
        self.bytes = bytes
    }
}

private struct JSONLineObject: JSONWritable {
    let fields: [(name: String, value: JSONValue?)]

    func write(to json: inout JSONWriter) {
        json.object { json in
            for (name, value) in fields { json.field(name) { value } }
        }
    }
}
