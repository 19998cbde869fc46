import Crypto
package import PontoonFoundation

/// Checksums of a part or a whole file, computed while its bytes arrive.
///
/// CRC-64/NVME is always computed. Each other checksum is computed only if the client sent its expected value.
package struct PartDigest: Sendable {
    package struct Result: Hashable, Sendable {
        /// Length in bytes.
        package let size: Int64
        package let crc64: CRC64NVME
        /// Name of a header whose checksum does not match the bytes; `nil` if all checksums that the client sent match.
        package let mismatch: String?
    }

    private let expected: ExpectedChecksums
    private var size: Int64 = 0
    private var crc64 = CRC64NVME()
    private var crc32c: CRC32C?
    private var md5: Insecure.MD5?
    private var sha256: SHA256?

    package init(expecting expected: ExpectedChecksums = ExpectedChecksums()) {
        self.expected = expected
        crc32c = expected.crc32c.map { _ in CRC32C() }
        md5 = expected.md5.map { _ in Insecure.MD5() }
        sha256 = expected.sha256.map { _ in SHA256() }
    }

    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        size += Int64(bytes.count)
        crc64.update(bytes)
        crc32c?.update(bytes)
        md5?.update(bufferPointer: bytes)
        sha256?.update(bufferPointer: bytes)
    }

    /// Returns the length and CRC-64/NVME of all bytes so far, and whether these bytes match the expected checksums.
    package func finish() -> Result {
        var mismatch: String?
        if let declared = expected.crc64, declared != crc64 { mismatch = "x-amz-checksum-crc64nvme" }
        if let declared = expected.crc32c, declared != crc32c { mismatch = "x-amz-checksum-crc32c" }
        if let declared = expected.sha256, let sha256, declared != Data(sha256.finalize()) {
            mismatch = "x-amz-checksum-sha256"
        }
        if let declared = expected.md5, let md5, declared != Data(md5.finalize()) { mismatch = "Content-MD5" }
        return Result(size: size, crc64: crc64, mismatch: mismatch)
    }
}

/// Checksums that a client sent with a part or a whole file, in the headers that S3 uses.
package struct ExpectedChecksums: Sendable {
    /// From `x-amz-checksum-crc64nvme`; `nil` if the header is absent.
    package private(set) var crc64: CRC64NVME?
    /// From `x-amz-checksum-crc32c`; `nil` if the header is absent.
    package private(set) var crc32c: CRC32C?
    /// From `x-amz-checksum-sha256`, 32 bytes; `nil` if the header is absent.
    package private(set) var sha256: Data?
    /// From `Content-MD5`, 16 bytes; `nil` if the header is absent.
    package private(set) var md5: Data?

    package init() {}

    /// Parses the Base64 values of the headers; `nil` stands for an absent header.
    ///
    /// - Throws: `.checksumMalformed` if a value is not Base64, or does not have the length of its checksum.
    package init(
        crc64nvme: String?,
        crc32c: String?,
        sha256: String?,
        contentMD5: String?
    ) throws(PontoonError) {
        self.crc64 = try Self.parse(crc64nvme, "x-amz-checksum-crc64nvme") { CRC64NVME(base64: $0) }
        self.crc32c = try Self.parse(crc32c, "x-amz-checksum-crc32c") { CRC32C(base64: $0) }
        self.sha256 = try Self.parse(sha256, "x-amz-checksum-sha256") { Self.bytes($0, count: 32) }
        self.md5 = try Self.parse(contentMD5, "Content-MD5") { Self.bytes($0, count: 16) }
    }

    private static func parse<Value>(
        _ text: String?,
        _ header: String,
        _ read: (String) -> Value?
    ) throws(PontoonError) -> Value? {
        guard let text else { return nil }
        guard let value = read(text) else {
            throw PontoonError(.checksumMalformed, "The value of the \(header) header is not a checksum in base64.")
        }
        return value
    }

    private static func bytes(_ base64: String, count: Int) -> Data? {
        guard let data = Data(base64Encoded: base64), data.count == count else { return nil }
        return data
    }
}
