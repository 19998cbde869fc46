import NIOCore

/// A header block of a tar archive.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
struct TarHeader {
    /// Size of a block in bytes.
    static let blockSize = 512
    /// Maximum length of an entry's content in bytes, limited so that sums of lengths do not overflow.
    static let maximumSize: Int64 = 1 << 60

    let type: UInt8
    /// The field `name`, preceded by the field `prefix` and a slash if the header has a prefix.
    let path: [UInt8]
    /// The field `size`, in bytes; 0 or more.
    let size: Int64
    /// Whether a block with more holes of a sparse file follows, in GNU tar's old format.
    let hasMoreHoles: Bool

    /// Parses a block of 512 bytes.
    ///
    /// - Throws: ``TarError`` if the checksum does not match or the size is invalid.
    init(_ block: [UInt8]) throws(TarError) {
        guard block.count == Self.blockSize, Self.hasValidChecksum(block) else {
            throw TarError("The checksum of a header is wrong")
        }
        guard let size = Self.number(block[124..<136]) else { throw TarError("The size of an entry is invalid") }
        type = block[156]
        self.size = size
        let magic = block[257..<265]
        let name = Self.text(block[0..<100])
        // GNU tar's old format has other fields instead of a prefix.
        let prefix = magic.starts(with: "ustar\0".utf8) ? Self.text(block[345..<500]) : []
        path = prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
        hasMoreHoles = block[482] != 0
    }

    /// Returns the bytes before the first U+0000.
    private static func text(_ field: ArraySlice<UInt8>) -> [UInt8] { Array(field.prefix { $0 != 0 }) }

    /// Compares the checksum with the sum of all bytes, counting the bytes of the checksum itself as spaces.
    ///
    /// Also accepts the sum of signed bytes, which some old programs write.
    private static func hasValidChecksum(_ block: [UInt8]) -> Bool {
        guard let expected = number(block[148..<156]) else { return false }
        var (unsigned, signed) = (Int64(0), Int64(0))
        for (index, byte) in block.enumerated() {
            let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : byte
            unsigned += Int64(byte)
            signed += Int64(Int8(bitPattern: byte))
        }
        return expected == unsigned || expected == signed
    }

    /// Parses a number: octal digits with optional spaces or U+0000 around them, or binary if the first bit is set.
    ///
    /// - Returns: 0 for a field without digits; `nil` for any other text, a negative number, or a number above
    ///   ``maximumSize``.
    static func number(_ field: ArraySlice<UInt8>) -> Int64? {
        guard let first = field.first else { return nil }
        if first & 0x80 != 0 {
            // The second bit is the sign.
            guard first == 0x80 else { return nil }
            return field.dropFirst().reduce(Int64?(0)) { number, byte in
                number.flatMap { append(byte, to: $0, bits: 8) }
            }
        }
        let isPadding = { (byte: UInt8) in byte == 0 || byte == UInt8(ascii: " ") }
        let digits = field.drop(while: isPadding).prefix { !isPadding($0) }
        guard field[digits.endIndex...].allSatisfy(isPadding) else { return nil }
        return digits.reduce(Int64?(0)) { number, digit in
            guard let number, (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
            return append(digit - UInt8(ascii: "0"), to: number, bits: 3)
        }
    }

    private static func append(_ digit: UInt8, to number: Int64, bits: Int64) -> Int64? {
        guard number <= maximumSize >> bits else { return nil }
        let number = number << bits | Int64(digit)
        return number <= maximumSize ? number : nil
    }
}
