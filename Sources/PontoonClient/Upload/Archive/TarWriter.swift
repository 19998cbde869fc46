import NIOCore
import PontoonCore

/// The encoding of files as entries of a tar archive in the pax format.
///
/// Source: POSIX.1-2024, `pax`, "pax Interchange Format" and "ustar Interchange Format".
enum TarWriter {
    private static let blockSize = 512
    /// Longest path that an entry's own header holds; a longer one needs a pax record.
    private static let maximumPath = 100

    /// Appends a file.
    ///
    /// - Parameters:
    ///   - path: Path of the file, with slashes and without a leading one.
    ///   - records: Records of the pax header, in order; if there are none and the path is short and in ASCII, there is
    ///     no pax header.
    ///   - content: The bytes, fewer than 8 GiB.
    ///   - archive: The archive so far.
    static func append(
        _ path: String,
        records: [(key: String, value: String)],
        content: ByteBuffer,
        to archive: inout ByteBuffer
    ) {
        let isPlain = path.utf8.count <= maximumPath && path.utf8.allSatisfy { $0 < 0x80 }
        let all = (isPlain ? [] : [(key: "path", value: path)]) + records
        if !all.isEmpty {
            let text = all.map { record($0.key, $0.value) }.joined()
            append(header(name: "PaxHeader", size: text.utf8.count, kind: "x"), to: &archive)
            append(ByteBuffer(string: text), to: &archive)
        }
        append(header(name: isPlain ? path : "PaxFile", size: content.readableBytes, kind: "0"), to: &archive)
        append(content, to: &archive)
    }

    /// Appends the end of the archive: two blocks of zeros.
    static func appendTrailer(to archive: inout ByteBuffer) { archive.writeRepeatingByte(0, count: 2 * blockSize) }

    /// Returns a pax record, which begins with its own length.
    private static func record(_ key: String, _ value: String) -> String {
        let length = key.utf8.count + value.utf8.count + 3
        var total = length + 1
        while String(total).utf8.count + length != total { total = length + String(total).utf8.count }
        return "\(total) \(key)=\(value)\n"
    }

    private static func append(_ bytes: ByteBuffer, to archive: inout ByteBuffer) {
        archive.writeImmutableBuffer(bytes)
        let rest = bytes.readableBytes % blockSize
        if rest > 0 { archive.writeRepeatingByte(0, count: blockSize - rest) }
    }

    private static func header(name: String, size: Int, kind: Character) -> ByteBuffer {
        let (before, after) = (
            fields([(name, 100), ("0000644", 8), ("0000000", 8), ("0000000", 8), (octal(size), 12), (octal(0), 12)]),
            fields([
                (String(kind), 1), ("", 100), ("ustar", 6), ("00", 2), ("", 32), ("", 32), ("0000000", 8),
                ("0000000", 8), ("", 155), ("", 12),
            ])
        )
        // The checksum is calculated as if its own eight bytes were spaces.
        let sum = (before + after).reduce(8 * Int(UInt8(ascii: " "))) { $0 + Int($1) }
        return ByteBuffer(bytes: before + fields([(octal(sum, digits: 6) + "\0 ", 8)]) + after)
    }

    private static func fields(_ values: [(text: String, width: Int)]) -> [UInt8] {
        values.flatMap { text, width in
            let bytes = Array(text.utf8.prefix(width))
            return bytes + [UInt8](repeating: 0, count: width - bytes.count)
        }
    }

    private static func octal(_ number: Int, digits: Int = 11) -> String {
        let text = String(max(0, number), radix: 8)
        return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
    }
}
