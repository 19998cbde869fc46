import CChecksum

/// A CRC-64/NVME checksum, which S3 calls `CRC64NVME`.
///
/// The polynomial is 0xAD93D23594C93659, reflected. The checksums of two inputs can be combined into the checksum of
/// their concatenation, so the checksum of a file can be computed from the checksums of its parts without reading the
/// file.
package struct CRC64NVME: Hashable, Sendable {
    /// The checksum of the input as a number.
    ///
    /// The checksum of "123456789" is 0xAE8B14860A799888.
    package private(set) var rawValue: UInt64

    /// Creates the checksum of an empty input, 0.
    package init() { rawValue = 0 }

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Appends bytes to the input.
    ///
    /// The buffer may have any length and alignment.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        rawValue = cchecksum_crc64nvme(rawValue, bytes.baseAddress, bytes.count)
    }

    /// Returns the checksum of this input followed by another input, without reading the bytes of either.
    ///
    /// - Parameters:
    ///   - next: Checksum of the other input.
    ///   - length: Length of the other input in bytes; negative numbers count as 0.
    /// - Returns: The checksum of the concatenated input.
    package func appending(_ next: CRC64NVME, length: Int64) -> CRC64NVME {
        CRC64NVME(rawValue: cchecksum_crc64nvme_combine(rawValue, next.rawValue, UInt64(clamping: length)))
    }
}

extension CRC64NVME {
    /// The checksum as 16 lower-case hex digits, which are also the ETag of a part that the server itself receives.
    package var hex: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Parses a checksum in the format of ``hex``; upper-case digits are also accepted.
    ///
    /// - Returns: `nil` unless the text is 16 hex digits.
    package init?(hex: String) {
        // `UInt64.init` accepts signs.
        guard hex.utf8.count == 16, hex.allSatisfy(\.isHexDigit), let value = UInt64(hex, radix: 16) else { return nil }
        self.init(rawValue: value)
    }

    /// The Base64 encoding of the 8 bytes in big-endian order, as in the header `x-amz-checksum-crc64nvme`.
    package var base64: String { rawValue.bigEndianBase64 }

    /// Parses a checksum in the format of ``base64``.
    ///
    /// - Returns: `nil` unless the text is the padded Base64 encoding of 8 bytes.
    package init?(base64: String) {
        guard let value = UInt64(bigEndianBase64: base64) else { return nil }
        self.init(rawValue: value)
    }
}

extension CRC64NVME {
    /// Combines the checksums of all parts of a file, ordered by number, into the checksum of the file.
    ///
    /// - Returns: `nil` if the checksum or the length of a part is unknown.
    package init?(joining parts: [PartRecord]) {
        var whole = CRC64NVME()
        for part in parts {
            guard let crc64 = part.crc64, let size = part.size else { return nil }
            whole = whole.appending(crc64, length: size)
        }
        self = whole
    }
}
