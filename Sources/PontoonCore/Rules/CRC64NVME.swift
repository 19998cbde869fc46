import CChecksum

/// CRC-64/NVME, which S3 calls `CRC64NVME`: polynomial 0xAD93D23594C93659, reflected.
///
/// Two checksums can be combined into the checksum of the concatenated bytes, so the checksum of a file is computed
/// from those of its parts without reading the file.
package struct CRC64NVME: Hashable, Sendable {
    /// The checksum of the bytes so far; that of "123456789" is 0xAE8B14860A799888.
    package private(set) var rawValue: UInt64

    /// Creates the checksum of an empty input, 0.
    package init() { rawValue = 0 }

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Adds bytes; the buffer may have any length and alignment.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        rawValue = cchecksum_crc64nvme(rawValue, bytes.baseAddress, bytes.count)
    }

    /// Returns the checksum of these bytes followed by others, computed from the two checksums alone.
    ///
    /// - Parameters:
    ///   - next: Checksum of the following bytes.
    ///   - length: Number of following bytes; negative numbers count as 0.
    /// - Returns: The checksum of all bytes.
    package func appending(_ next: CRC64NVME, length: Int64) -> CRC64NVME {
        CRC64NVME(rawValue: cchecksum_crc64nvme_combine(rawValue, next.rawValue, UInt64(clamping: length)))
    }
}

extension CRC64NVME {
    /// 16 lower-case hex digits: the `ETag` of a part in the disk store.
    package var hex: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Parses ``hex``.
    ///
    /// - Returns: `nil` unless it is 16 hex digits, in either case.
    package init?(hex: String) {
        // `UInt64.init` accepts signs.
        guard hex.utf8.count == 16, hex.allSatisfy(\.isHexDigit), let value = UInt64(hex, radix: 16) else { return nil }
        self.init(rawValue: value)
    }

    /// Base64 of the 8 bytes in big-endian order, as in `x-amz-checksum-crc64nvme`.
    package var base64: String { rawValue.bigEndianBase64 }

    /// Parses ``base64``.
    ///
    /// - Returns: `nil` unless it is the padded base64 of 8 bytes.
    package init?(base64: String) {
        guard let value = UInt64(bigEndianBase64: base64) else { return nil }
        self.init(rawValue: value)
    }
}

extension CRC64NVME {
    /// Combines the checksums of parts, in order, into the checksum of the file.
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
