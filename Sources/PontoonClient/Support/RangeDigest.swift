import Crypto
import PontoonFoundation
import PontoonCore

/// The checksums of a byte range, updated as its bytes are read.
struct RangeDigest: Sendable {
    private(set) var size: Int64 = 0
    private(set) var crc64 = CRC64NVME()
    private var md5: Insecure.MD5?

    /// Creates the digest of an empty range.
    ///
    /// MD5 is several times slower than CRC-64/NVME, so it is computed only if requested.
    init(md5: Bool) { self.md5 = md5 ? Insecure.MD5() : nil }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        size += Int64(bytes.count)
        crc64.update(bytes)
        md5?.update(bufferPointer: bytes)
    }

    /// The result of comparing an ETag with the digest.
    enum Match: Equatable {
        case same, different
        /// The ETag is an MD5, but no MD5 was computed.
        case needsMD5
        /// The ETag is not in a known checksum format.
        case unknown
    }

    /// Compares the digest with an unquoted ETag: 16 hexadecimal digits are a CRC-64/NVME, 32 are an MD5.
    func compare(_ etag: String) -> Match {
        if let crc64 = CRC64NVME(hex: etag) { return crc64 == self.crc64 ? .same : .different }
        guard etag.utf8.count == 32, etag.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
            return .unknown
        }
        guard let md5 else { return .needsMD5 }
        return Hex.encode(md5.finalize()) == etag.lowercased() ? .same : .different
    }
}
