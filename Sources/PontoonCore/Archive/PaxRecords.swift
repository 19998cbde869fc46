/// The records of pax headers that the server uses; others, such as times and owners, are ignored.
///
/// Source: POSIX.1-2017, pax, "pax Header Block"; GNU tar manual, "Sparse Formats".
struct PaxRecords {
    /// The path; `nil` if no header contains a path, or the last path is empty.
    private(set) var path: [UInt8]?
    private(set) var size: Int64?
    private(set) var isSparse = false
    private(set) var checksum: String?
    private(set) var labels: String?

    /// Adds the records of a header, each in the format `"%d %s=%s\n"`: the record's length in bytes, key and value.
    ///
    /// - Throws: ``TarError`` if the format of a record or the size in it is invalid.
    mutating func add(_ bytes: [UInt8]) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (key, value) = try Self.first(of: &rest)
            try add(key, value)
        }
    }

    /// Checks a global header, whose records apply to all following entries.
    ///
    /// Ignores the records that programs usually write there, such as comments and times. Refuses records that the
    /// server uses, because with them, a small archive could repeat a long path or many labels for every entry.
    ///
    /// - Throws: ``TarError`` if a record is refused or its format is invalid.
    static func checkGlobal(_ bytes: [UInt8]) throws(TarError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (key, _) = try first(of: &rest)
            guard !["path", "linkpath", "size", "SCHILY.realsize"].contains(key), !key.hasPrefix("GNU.sparse."),
                !key.hasPrefix("PONTOON.")
            else { throw TarError("A global pax header contains a path, size, checksum or labels") }
        }
    }

    private mutating func add(_ key: String, _ value: ArraySlice<UInt8>) throws(TarError) {
        switch key {
        // In the header of a sparse file, `path` is a temporary path with a process id. `GNU.sparse.name` is the file's
        // path.
        case "path": if !isSparse { path = value.isEmpty ? nil : Array(value) }
        case "GNU.sparse.name": (path, isSparse) = (Array(value), true)
        case "size":
            guard !value.isEmpty else { return size = nil }
            let text = String(decoding: value, as: UTF8.self)
            guard value.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let number = Int64(text),
                number <= TarHeader.maximumSize
            else { throw TarError("The size of an entry is invalid") }
            size = number
        case "PONTOON.checksum": checksum = String(decoding: value, as: UTF8.self)
        case "PONTOON.labels": labels = String(decoding: value, as: UTF8.self)
        case "SCHILY.realsize": isSparse = true
        default: if key.hasPrefix("GNU.sparse.") { isSparse = true }
        }
    }

    /// Maximum number of bytes of a key that are compared.
    ///
    /// Every key that the server uses is shorter.
    ///
    /// Comparing long keys with many combining marks would take minutes; see ``CombiningMarks``.
    private static let maximumKey = 64

    /// Removes the first record, and returns its key, truncated to ``maximumKey`` bytes, and its value.
    private static func first(
        of rest: inout ArraySlice<UInt8>
    ) throws(TarError) -> (key: String, value: ArraySlice<UInt8>) {
        let digits = rest.prefix(8).prefix { $0 != UInt8(ascii: " ") }
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1, length <= rest.count,
            rest[rest.startIndex + length - 1] == UInt8(ascii: "\n"), rest[digits.endIndex] == UInt8(ascii: " ")
        else { throw invalid }
        defer { rest = rest.dropFirst(length) }
        let record = rest[(digits.endIndex + 1)..<(rest.startIndex + length - 1)]
        guard let separator = record.firstIndex(of: UInt8(ascii: "=")) else { throw invalid }
        let key = record[..<separator].prefix(maximumKey)
        return (String(decoding: key, as: UTF8.self), record[(separator + 1)...])
    }

    private static var invalid: TarError { TarError("A pax header is invalid") }
}
