#if PostgreSQL
/// Values as libpq takes them: C strings, `NULL` for `NULL`.
struct PostgreSQLParameters {
    private var bytes: [CChar] = []
    private var offsets: [Int?] = []

    /// - Throws: ``SQLError`` of kind `.unstorableText`, as PostgreSQL would.
    init(_ values: [SQLValue]) throws(SQLError) {
        for value in values {
            switch value {
            case .null: offsets.append(nil)
            case .integer(let integer): append(String(integer))
            case .text(let text):
                guard !text.utf8.contains(0) else { throw SQLError(.unstorableText, "text holds U+0000") }
                append(text)
            }
        }
    }

    private mutating func append(_ text: String) {
        offsets.append(bytes.count)
        bytes.append(contentsOf: text.utf8.lazy.map { CChar(bitPattern: $0) })
        bytes.append(0)
    }

    /// Lends them to a call of libpq, which copies what it needs.
    func withPointers<Result>(_ body: (CInt, UnsafePointer<UnsafePointer<CChar>?>?) -> Result) -> Result {
        bytes.withUnsafeBufferPointer { bytes in
            let pointers = offsets.map { offset in offset.flatMap { bytes.baseAddress?.advanced(by: $0) } }
            return pointers.withUnsafeBufferPointer { body(CInt($0.count), $0.baseAddress) }
        }
    }
}
#endif
