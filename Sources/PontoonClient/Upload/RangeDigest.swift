import Crypto
import Foundation
import PontoonCore

/// Checksums of a range of a file, computed while its bytes pass.
struct RangeDigest: Sendable {
    private(set) var size: Int64 = 0
    private(set) var crc64 = CRC64NVME()
    private var md5: Insecure.MD5?

    /// MD5 costs several times as much as all the rest, so it is computed only where tags are made of it.
    init(md5: Bool) { self.md5 = md5 ? Insecure.MD5() : nil }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        size += Int64(bytes.count)
        crc64.update(bytes)
        md5?.update(bufferPointer: bytes)
    }

    /// How a storage's tag compares with these bytes.
    enum Match: Equatable {
        case same, different
        /// An MD5 is needed to tell.
        case needsMD5
        /// The tag is no checksum that we know.
        case unknown
    }

    /// Compares a tag, without quotes: 16 hex digits are a CRC-64/NVME, 32 an MD5.
    func compare(_ etag: String) -> Match {
        if let crc64 = CRC64NVME(hex: etag) { return crc64 == self.crc64 ? .same : .different }
        guard etag.utf8.count == 32, etag.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else {
            return .unknown
        }
        guard let md5 else { return .needsMD5 }
        let hex = md5.finalize().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return hex == etag.lowercased() ? .same : .different
    }
}
