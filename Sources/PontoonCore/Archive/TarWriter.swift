package import NIOCore
package import PontoonFoundation

/// The encoding of files and folders as entries of a tar archive in the pax format.
///
/// Source: POSIX.1-2024, `pax`, "pax Interchange Format" and "ustar Interchange Format".
package enum TarWriter {
    /// Length in bytes of the end of an archive: two blocks of zeros.
    package static let trailerLength = 2 * TarHeader.blockSize
    /// Maximum length in bytes of a path in an entry's own header; a longer path needs a pax record.
    private static let maximumPath = 100
    /// Maximum value of a field with 11 octal digits.
    private static let maximumNumber: Int64 = 1 << 33 - 1

    /// Appends a file: header, content and padding.
    ///
    /// - Parameters:
    ///   - path: Path of the file, separated by slashes, without a leading slash.
    ///   - records: Records of the pax header, in order.
    ///   - content: The content of the file.
    ///   - archive: The archive so far.
    package static func append(
        _ path: String,
        records: [(key: String, value: String)],
        content: ByteBuffer,
        to archive: inout ByteBuffer
    ) {
        appendHeader(path, .file, size: Int64(content.readableBytes), records: records, to: &archive)
        archive.writeImmutableBuffer(content)
        appendPadding(after: Int64(content.readableBytes), to: &archive)
    }

    /// Appends the header of an entry.
    ///
    /// The caller must then append the content and the padding.
    ///
    /// Adds a pax header only if there are records, or if a value does not fit in the entry's own header: a path that
    /// is long or not ASCII, or a size of 8 GiB or more.
    ///
    /// - Parameters:
    ///   - path: Path of the entry, separated by slashes, without a leading or trailing slash.
    ///   - kind: A file or a folder.
    ///   - size: Length of the content in bytes; 0 for a folder.
    ///   - modifiedOn: Time of the last change; rounded down to whole seconds, and clamped to the years 1970 to 2242.
    ///   - records: Records of the pax header, in order.
    ///   - archive: The archive so far.
    package static func appendHeader(
        _ path: String,
        _ kind: File.Kind,
        size: Int64,
        modifiedOn: Date = Date(timeIntervalSince1970: 0),
        records: [(key: String, value: String)] = [],
        to archive: inout ByteBuffer
    ) {
        let path = kind == .folder ? path + "/" : path
        let isPlain = path.utf8.count <= maximumPath && path.utf8.allSatisfy { $0 < 0x80 }
        var all = isPlain ? [] : [(key: "path", value: path)]
        if size > maximumNumber { all.append(("size", String(size))) }
        all += records
        if !all.isEmpty {
            let text = all.map { record($0.key, $0.value) }.joined()
            appendBlock("PaxHeader", size: Int64(text.utf8.count), mode: "0000644", time: 0, type: "x", to: &archive)
            archive.writeString(text)
            appendPadding(after: Int64(text.utf8.count), to: &archive)
        }
        appendBlock(
            isPlain ? path : kind == .folder ? "PaxFolder/" : "PaxFile",
            // The largest value that fits; a larger size is in the pax record.
            size: min(size, maximumNumber),
            mode: kind == .folder ? "0000755" : "0000644",
            time: seconds(modifiedOn),
            type: kind == .folder ? "5" : "0",
            to: &archive
        )
    }

    /// Appends the zeros that fill the last block after content of this length in bytes.
    package static func appendPadding(after size: Int64, to archive: inout ByteBuffer) {
        archive.writeRepeatingByte(0, count: padding(after: size))
    }

    /// Returns the number of zeros that fill the last block after content of this length in bytes: 0 to 511.
    package static func padding(after size: Int64) -> Int {
        let rest = Int(size % Int64(TarHeader.blockSize))
        return rest == 0 ? 0 : TarHeader.blockSize - rest
    }

    /// Appends the end of the archive.
    package static func appendTrailer(to archive: inout ByteBuffer) {
        archive.writeRepeatingByte(0, count: trailerLength)
    }

    /// Returns a pax record, which begins with its own length.
    private static func record(_ key: String, _ value: String) -> String {
        let length = key.utf8.count + value.utf8.count + 3
        var total = length + 1
        while String(total).utf8.count + length != total { total = length + String(total).utf8.count }
        return "\(total) \(key)=\(value)\n"
    }

    private static func appendBlock(
        _ name: String,
        size: Int64,
        mode: String,
        time: Int64,
        type: String,
        to archive: inout ByteBuffer
    ) {
        var block = [UInt8](repeating: 0, count: TarHeader.blockSize)
        func set(_ offset: Int, _ text: some Sequence<UInt8>) {
            for (index, byte) in zip(offset..., text) { block[index] = byte }
        }
        set(0, name.utf8.prefix(maximumPath))
        set(100, mode.utf8)
        set(108, "0000000".utf8)
        set(116, "0000000".utf8)
        set(124, octal(size, digits: 11))
        set(136, octal(time, digits: 11))
        // The checksum is calculated as if its own eight bytes were spaces.
        set(148, "        ".utf8)
        set(156, type.utf8)
        set(257, "ustar\u{0}00".utf8)
        set(329, "0000000".utf8)
        set(337, "0000000".utf8)
        let sum = block.reduce(Int64(0)) { $0 + Int64($1) }
        set(148, octal(sum, digits: 6))
        set(154, "\u{0} ".utf8)
        archive.writeBytes(block)
    }

    /// Returns the time in Unix seconds, clamped to the range of the field: 0 to 2^33 - 1.
    private static func seconds(_ date: Date) -> Int64 {
        let seconds = date.timeIntervalSince1970.rounded(.down)
        return seconds > 0 ? Int64(min(seconds, Double(maximumNumber))) : 0
    }

    private static func octal(_ number: Int64, digits: Int) -> [UInt8] {
        var text = [UInt8](repeating: UInt8(ascii: "0"), count: digits)
        var rest = number
        for index in text.indices.reversed() {
            text[index] += UInt8(rest & 7)
            rest >>= 3
        }
        return text
    }
}
