#if PostgreSQL
import PontoonMetadata

/// Parameter values in the format of libpq: C strings, and null pointers for `NULL`.
struct StatementParameters {
    private var bytes: [CChar] = []
    private var offsets: [Int?] = []

    /// Converts values to C strings.
    ///
    /// - Throws: ``SQLError`` of kind `.unstorableText` for text with U+0000, which would end the C string.
    init(_ values: [SQLValue]) throws(SQLError) {
        for value in values {
            switch value {
            case .null: offsets.append(nil)
            case .integer(let integer): append(String(integer))
            case .text(let text):
                guard !text.utf8.contains(0) else { throw SQLError(.unstorableText, "text contains U+0000") }
                append(text)
            }
        }
    }

    private mutating func append(_ text: String) {
        offsets.append(bytes.count)
        bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }

    /// Calls a closure with the number of parameters, and with pointers to them that are valid only during the call.
    func withPointers<Result>(_ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            let pointers = offsets.map { offset in offset.flatMap { bytes.baseAddress?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { body(CInt($0.count), $0.baseAddress) }
        }
    }
}
#endif
