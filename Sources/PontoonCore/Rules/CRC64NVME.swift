import CChecksum
import Foundation

/// CRC-64/NVME of some bytes, what S3 calls `CRC64NVME`: polynomial 0xAD93D23594C93659, reflected.
///
/// Two of them join into the checksum of both pieces, so the parts of a file give that of the file without reading it.
package struct CRC64NVME: Hashable, Sendable {
    /// The finished value; "123456789" gives 0xAE8B14860A799888.
    package private(set) var rawValue: UInt64

    /// Begins with no bytes, whose checksum is 0.
    package init() { rawValue = 0 }

    /// Takes a value that was computed earlier.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Adds bytes behind those seen so far; any number of them, at any address.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        rawValue = cchecksum_crc64nvme(rawValue, bytes.baseAddress, bytes.count)
    }

    /// Joins this piece and the one behind it, reading neither.
    ///
    /// - Parameters:
    ///   - next: Checksum of the piece behind.
    ///   - length: Bytes in that piece, 0 or more.
    /// - Returns: The checksum of both pieces as one.
    package func appending(_ next: CRC64NVME, length: Int64) -> CRC64NVME {
        CRC64NVME(rawValue: cchecksum_crc64nvme_combine(rawValue, next.rawValue, UInt64(length)))
    }
}

extension CRC64NVME {
    /// 16 lower-case hex digits: the `ETag` of a part in the disk store.
    package var hex: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// Reads ``hex``.
    ///
    /// - Returns: `nil` unless it is 16 hex digits, in either case.
    package init?(hex: String) {
        // `UInt64` would also take a sign.
        guard hex.utf8.count == 16, hex.utf8.first != UInt8(ascii: "+"), let value = UInt64(hex, radix: 16) else {
            return nil
        }
        self.init(rawValue: value)
    }

    /// Base64 of the 8 bytes, highest first, as in `x-amz-checksum-crc64nvme`.
    package var base64: String { rawValue.bigEndianBase64 }

    /// Reads ``base64``.
    ///
    /// - Returns: `nil` unless it is the padded base64 of 8 bytes.
    package init?(base64: String) {
        guard let value = UInt64(bigEndianBase64: base64) else { return nil }
        self.init(rawValue: value)
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// Base64 of the number's bytes, highest first.
    var bigEndianBase64: String {
        withUnsafeBytes(of: bigEndian) { Data($0) }.base64EncodedString()
    }

    /// Reads ``bigEndianBase64``; `nil` unless it is what that would write.
    init?(bigEndianBase64 text: String) {
        guard let data = Data(base64Encoded: text), data.count == Self.bitWidth / 8 else { return nil }
        self = data.reduce(0) { $0 << 8 | Self($1) }
        // One value, one spelling: the unused low bits of the last digit must be 0 (RFC 4648, section 3.5).
        guard bigEndianBase64 == text else { return nil }
    }
}
