import Crypto
package import NIOCore
import PontoonCore

/// Returns the SHA-256 hash of bytes, as 64 hex digits.
package func sha256(_ bytes: ByteBuffer) -> String {
    var sha256 = SHA256()
    bytes.withUnsafeReadableBytes { sha256.update(bufferPointer: $0) }
    return Hex.encode(sha256.finalize())
}

/// Returns the ETag of a part with these bytes in the disk store, without quotes.
package func tag(of bytes: ByteBuffer) -> String {
    var crc64 = CRC64NVME()
    bytes.withUnsafeReadableBytes { crc64.update($0) }
    return crc64.hex
}
