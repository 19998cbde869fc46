import CChecksum

/// A CRC-32C checksum (Castagnoli), which S3 calls `CRC32C`.
///
/// The polynomial is 0x1EDC6F41, reflected.
package struct CRC32C: Hashable, Sendable {
    /// The checksum of the bytes so far.
    ///
    /// The checksum of "123456789" is 0xE3069283.
    package private(set) var rawValue: UInt32

    /// Creates the checksum of an empty input, 0.
    package init() { rawValue = 0 }

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Adds bytes to the input.
    ///
    /// The buffer may have any length and alignment.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        rawValue = cchecksum_crc32c(rawValue, bytes.baseAddress, bytes.count)
    }

    /// The Base64 encoding of the 4 bytes in big-endian order, as in the header `x-amz-checksum-crc32c`.
    package var base64: String { rawValue.bigEndianBase64 }

    /// Parses a checksum in the format of ``base64``.
    ///
    /// - Returns: `nil` unless the text is the padded Base64 encoding of 4 bytes.
    package init?(base64: String) {
        guard let value = UInt32(bigEndianBase64: base64) else { return nil }
        rawValue = value
    }
}
