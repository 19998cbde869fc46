import Crypto
import PontoonCore

/// A format of checksum files: the format of coreutils' `md5sum` or `sha256sum`, or the same format with CRC-64/NVME.
public enum ChecksumFormat: String, CaseIterable, Sendable {
    case md5sum, sha256sum, crc64nvme

    /// Name of the algorithm in messages, and in lines in the BSD style.
    public var algorithm: String {
        switch self {
        case .md5sum: "MD5"
        case .sha256sum: "SHA256"
        case .crc64nvme: "CRC64NVME"
        }
    }

    /// Number of hexadecimal digits of a checksum.
    var digits: Int {
        switch self {
        case .md5sum: 32
        case .sha256sum: 64
        case .crc64nvme: 16
        }
    }

    /// Computes the checksum of a file.
    ///
    /// Blocks the calling thread.
    ///
    /// - Returns: The checksum as hexadecimal digits, in lower case.
    /// - Throws: `.fileChanged` if the file has become shorter; `.fileUnreadable` if it cannot be read.
    func checksum(of file: SourceFile) throws -> String {
        let range = 0..<file.facts.size
        switch self {
        case .md5sum: return try Self.hash(Insecure.MD5(), file, range)
        case .sha256sum: return try Self.hash(SHA256(), file, range)
        case .crc64nvme: return try file.digest(range, md5: false).crc64.hex
        }
    }

    private static func hash(_ function: some HashFunction, _ file: SourceFile, _ range: Range<Int64>) throws -> String
    {
        var function = function
        try file.forEachChunk(of: range) { function.update(bufferPointer: $0) }
        return Hex.encode(Array(function.finalize()))
    }
}
