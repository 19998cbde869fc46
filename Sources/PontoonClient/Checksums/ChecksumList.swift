public import PontoonFoundation
public import SystemPackage

/// The content of a checksum file in the format of coreutils' `md5sum` and `sha256sum`.
public struct ChecksumList: Sendable, Hashable {
    /// A file and its checksum.
    public struct Entry: Sendable, Hashable {
        /// Path of the file, as written in the list, with escape sequences replaced.
        public let path: FilePath
        /// The checksum as hexadecimal digits, in lower case.
        public let checksum: String

        /// Creates an entry.
        public init(path: FilePath, checksum: String) { (self.path, self.checksum) = (path, checksum) }
    }

    /// The algorithm of the checksums.
    public let format: ChecksumFormat
    /// The entries, in the order of their lines.
    public let entries: [Entry]

    /// Reads a checksum file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError``, with code `.fileUnreadable` if the file cannot be read, or `.requestInvalid` if a
    ///   line is not valid or there is no entry.
    public init(_ path: FilePath, format: ChecksumFormat) throws {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path.string))
        } catch {
            throw ClientError(
                .fileUnreadable,
                "Cannot read '\(path)': \(error.reason).",
                advice: "Check its path and permissions."
            )
        }
        try self.init(data, format: format, name: path.string)
    }

    /// Parses the content of a checksum file.
    ///
    /// Accepts lines in GNU style (`HEX  name`, `HEX *name`) and BSD style (`MD5 (name) = HEX`). If a line begins with
    /// a backslash, its name contains escape sequences. Lines may be separated by null characters, as `md5sum --zero`
    /// writes them; their names are not escaped. Empty lines and lines that begin with `#` are ignored.
    ///
    /// - Parameters:
    ///   - data: The content.
    ///   - format: The algorithm of the checksums.
    ///   - name: Name of the file, for messages.
    /// - Throws: ``ClientError`` with code `.requestInvalid` if a line is not valid or there is no entry.
    public init(_ data: Data, format: ChecksumFormat, name: String) throws {
        self.format = format
        let data = data.starts(with: [0xEF, 0xBB, 0xBF]) ? data.dropFirst(3) : data
        let hasNull = data.contains(0)
        let separator: UInt8 = hasNull ? 0 : UInt8(ascii: "\n")
        var entries: [Entry] = []
        let lines = data.split(separator: separator, omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            var bytes = Array(line)
            if !hasNull, bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
            guard !bytes.isEmpty, bytes[0] != UInt8(ascii: "#") else { continue }
            guard let entry = Self.entry(bytes[...], format, canBeEscaped: !hasNull) else {
                throw ClientError(
                    .requestInvalid,
                    "Line \(index + 1) of '\(name)' is not a valid \(format.algorithm) checksum line.",
                    advice: "Check the file and the --format option."
                )
            }
            entries.append(entry)
        }
        guard !entries.isEmpty else {
            throw ClientError(.requestInvalid, "'\(name)' contains no checksums.", advice: "Specify a checksum file.")
        }
        self.entries = entries
    }

    /// Returns an entry as a line in GNU style, without a line break.
    ///
    /// A backslash or line break in the name is escaped, and the line then begins with a backslash.
    public static func line(_ entry: Entry) -> [UInt8] {
        let name = entry.path.withPlatformString { pointer in
            UnsafeBufferPointer(start: pointer, count: entry.path.length).map { UInt8(bitPattern: $0) }
        }
        let escaped = name.flatMap { byte -> [UInt8] in
            escapes.first { $0.byte == byte }.map { [backslash, $0.letter] } ?? [byte]
        }
        let start = escaped.count > name.count ? [backslash] : []
        return start + Array(entry.checksum.utf8) + Array("  ".utf8) + escaped
    }

    private static let backslash = UInt8(ascii: "\\")
    /// The bytes that are escaped, and the letters that represent them after a backslash.
    private static let escapes: [(byte: UInt8, letter: UInt8)] = [
        (backslash, backslash), (UInt8(ascii: "\n"), UInt8(ascii: "n")), (UInt8(ascii: "\r"), UInt8(ascii: "r")),
    ]

    private static func entry(_ line: ArraySlice<UInt8>, _ format: ChecksumFormat, canBeEscaped: Bool) -> Entry? {
        let isEscaped = canBeEscaped && line.first == backslash
        let line = isEscaped ? line.dropFirst() : line
        guard let (checksum, rawName) = gnu(line, format) ?? bsd(line, format) else { return nil }
        guard let name = isEscaped ? unescaped(rawName) : Array(rawName), !name.isEmpty, !name.contains(0) else {
            return nil
        }
        let path = (name + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { FilePath(platformString: $0) } }
        }
        return path.map { Entry(path: $0, checksum: checksum) }
    }

    /// Parses `HEX  name`; the second space may be missing, or replaced by `*` for binary mode.
    private static func gnu(
        _ line: ArraySlice<UInt8>,
        _ format: ChecksumFormat
    ) -> (checksum: String, name: ArraySlice<UInt8>)? {
        let rest = line.dropFirst(format.digits)
        guard let checksum = checksum(line.prefix(format.digits), format), rest.first == UInt8(ascii: " ") else {
            return nil
        }
        let name = rest.dropFirst()
        let hasMode = name.first == UInt8(ascii: " ") || name.first == UInt8(ascii: "*")
        return (checksum, hasMode ? name.dropFirst() : name)
    }

    /// Parses `MD5 (name) = HEX`, or `MD5(name)= HEX`, as OpenSSL writes it.
    private static func bsd(
        _ line: ArraySlice<UInt8>,
        _ format: ChecksumFormat
    ) -> (checksum: String, name: ArraySlice<UInt8>)? {
        guard let checksum = checksum(line.suffix(format.digits), format) else { return nil }
        let rest = line.dropLast(format.digits)
        for style in [(start: " (", end: ") = "), (start: "(", end: ")= ")] {
            let (start, end) = (Array((format.algorithm + style.start).utf8), Array(style.end.utf8))
            guard rest.starts(with: start), rest.count >= start.count + end.count,
                rest.suffix(end.count).elementsEqual(end)
            else { continue }
            return (checksum, rest.dropFirst(start.count).dropLast(end.count))
        }
        return nil
    }

    private static func checksum(_ bytes: ArraySlice<UInt8>, _ format: ChecksumFormat) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.count == format.digits, text.allSatisfy({ $0.isASCII && $0.isHexDigit }) else { return nil }
        return text.lowercased()
    }

    /// Replaces escape sequences with the bytes that they represent, or returns `nil` if one is not valid.
    private static func unescaped(_ name: ArraySlice<UInt8>) -> [UInt8]? {
        var (result, bytes) = ([UInt8](), name.makeIterator())
        while let byte = bytes.next() {
            guard byte == backslash else {
                result.append(byte)
                continue
            }
            guard let letter = bytes.next(), let escape = escapes.first(where: { $0.letter == letter }) else {
                return nil
            }
            result.append(escape.byte)
        }
        return result
    }
}
