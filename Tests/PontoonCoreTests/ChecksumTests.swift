import CChecksum
import PontoonCore
import Testing

struct CRC64NVMETests {
    /// The CRC catalogue's check value, then NVM Express NVM Command Set Specification 1.0d, section 5.2.1.3.5.
    static let published: [KnownChecksum<UInt64>] = [
        KnownChecksum("123456789", Array("123456789".utf8), 0xAE8B_1486_0A79_9888),
        KnownChecksum("nothing", [], 0),
        KnownChecksum("4096 zeros", Array(repeating: 0x00, count: 4096), 0x6482_D367_EB22_B64E),
        KnownChecksum("4096 FF", Array(repeating: 0xFF, count: 4096), 0xC0DD_BA73_02EC_A3AC),
        KnownChecksum("4096 rising", (0..<4096).map { UInt8($0 & 0xFF) }, 0x3E72_9F5F_6750_449C),
        KnownChecksum("4096 falling", (0..<4096).map { UInt8(0xFF - $0 & 0xFF) }, 0x9A2D_F64B_8E9E_517E),
    ]

    @Test("checksums equal the published values", arguments: published)
    func knownAnswers(_ known: KnownChecksum<UInt64>) {
        #expect(crc64(known.bytes) == CRC64NVME(rawValue: known.checksum))
        #expect(
            known.bytes.withUnsafeBytes { cchecksum_crc64nvme_table(0, $0.baseAddress, $0.count) } == known.checksum
        )
    }

    // On a CPU with AVX-512, the 64-byte loop is used only for lengths of at least 1024 bytes.
    @Test("the fast path and the tables agree at every length and alignment", arguments: 0..<64)
    func pathsAgree(alignment: Int) {
        var random = SplitMix64(state: UInt64(alignment))
        let bytes = random.bytes(alignment + 5000)
        bytes.withUnsafeBytes { all in
            let wrong = (Array(0...1100) + [2047, 2048, 3333, 5000]).filter { length in
                let piece = UnsafeRawBufferPointer(rebasing: all[alignment..<alignment + length])
                let start = random.next()
                var fast = CRC64NVME(rawValue: start)
                fast.update(piece)
                return fast.rawValue != cchecksum_crc64nvme_table(start, piece.baseAddress, length)
            }
            #expect(wrong == [])
        }
    }

    @Test("the value does not depend on how the bytes are split", arguments: 0..<64 as Range<UInt64>)
    func cuts(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let bytes = random.bytes(Int.random(in: 0...20_000, using: &random))
        var whole = CRC64NVME()
        bytes.withUnsafeBytes { all in
            var rest = all[...]
            while !rest.isEmpty {
                let length = Int.random(in: 0...min(rest.count, 3000), using: &random)
                whole.update(UnsafeRawBufferPointer(rebasing: rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
        }
        #expect(whole == crc64(bytes))
    }

    @Test("the checksums of parts combine into the checksum of all bytes", arguments: 0..<64 as Range<UInt64>)
    func joining(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let bytes = random.bytes(Int.random(in: 0...20_000, using: &random))
        for cut in [0, bytes.count, Int.random(in: 0...bytes.count, using: &random)] {
            let second = bytes[cut...]
            #expect(crc64(bytes[..<cut]).appending(crc64(second), length: Int64(second.count)) == crc64(bytes))
        }
    }

    @Test("an empty part does not change a combined checksum")
    func joiningNothing() {
        let some = CRC64NVME(rawValue: 0x0123_4567_89AB_CDEF)
        #expect(some.appending(CRC64NVME(), length: 0) == some)
        #expect(CRC64NVME().appending(some, length: .max) == some)
    }

    @Test("combining is associative, even for lengths that do not fit in memory", arguments: 0..<64 as Range<UInt64>)
    func joiningLong(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let (a, b, c) = (random.crc64(), random.crc64(), random.crc64())
        let (lengthOfB, lengthOfC) = (Int64(random.next() >> 2), Int64(random.next() >> 2))
        let fromLeft = a.appending(b, length: lengthOfB).appending(c, length: lengthOfC)
        let fromRight = a.appending(b.appending(c, length: lengthOfC), length: lengthOfB + lengthOfC)
        #expect(fromLeft == fromRight)
    }

    @Test(
        "hex and base64 round-trip",
        arguments: [
            (0, "0000000000000000", "AAAAAAAAAAA="),
            (1, "0000000000000001", "AAAAAAAAAAE="),
            (0xAE8B_1486_0A79_9888, "ae8b14860a799888", "rosUhgp5mIg="),
            (.max, "ffffffffffffffff", "//////////8="),
        ] as [(UInt64, String, String)]
    )
    func text(value: UInt64, hex: String, base64: String) {
        let checksum = CRC64NVME(rawValue: value)
        #expect(checksum.hex == hex)
        #expect(checksum.base64 == base64)
        #expect(CRC64NVME(hex: hex) == checksum)
        #expect(CRC64NVME(hex: hex.uppercased()) == checksum)
        #expect(CRC64NVME(base64: base64) == checksum)
    }

    @Test(
        "text that is not 16 hex digits is rejected",
        arguments: [
            "", "0", "ae8b14860a79988", "ae8b14860a7998880", "+e8b14860a799888", "-e8b14860a799888",
            "ae8b14860a79988g", "0xae8b14860a7998", " e8b14860a799888", "ae8b14860a79988\n", "ae8b14860a7998é",
        ]
    )
    func badHex(text: String) { #expect(CRC64NVME(hex: text) == nil) }

    @Test(
        "text that is not the base64 of 8 bytes is rejected",
        arguments: [
            "", "=", "4waSgw==", "rosUhgp5mIg", "rosUhgp5mA==", "rosUhgp5mIgA", "rosUhgp5mIgAAA==", "rosUhgp5mIh=",
            "rosUhgp5mIg= ", "rosUhg\np5mIg=", "rosUhgp5mI-=", "//////////9=",
        ]
    )
    func badBase64(text: String) { #expect(CRC64NVME(base64: text) == nil) }
}

struct CRC32CTests {
    /// The CRC catalogue's check value, then RFC 3720, appendix B.4.
    static let published: [KnownChecksum<UInt32>] = [
        KnownChecksum("123456789", Array("123456789".utf8), 0xE306_9283),
        KnownChecksum("nothing", [], 0),
        KnownChecksum("32 zeros", Array(repeating: 0x00, count: 32), 0x8A91_36AA),
        KnownChecksum("32 FF", Array(repeating: 0xFF, count: 32), 0x62A8_AB43),
        KnownChecksum("32 rising", Array(0..<32), 0x46DD_794E),
        KnownChecksum("32 falling", (0..<32).reversed(), 0x113F_DB5C),
    ]

    @Test("checksums equal the published values", arguments: published)
    func knownAnswers(_ known: KnownChecksum<UInt32>) {
        #expect(crc32c(known.bytes) == CRC32C(rawValue: known.checksum))
        #expect(known.bytes.withUnsafeBytes { cchecksum_crc32c_table(0, $0.baseAddress, $0.count) } == known.checksum)
    }

    // From 3072 bytes on, three blocks are processed in parallel.
    @Test("the fast path and the tables agree at every length and alignment", arguments: 0..<16)
    func pathsAgree(alignment: Int) {
        var random = SplitMix64(state: UInt64(alignment))
        let bytes = random.bytes(alignment + 10_000)
        bytes.withUnsafeBytes { all in
            let wrong = (Array(0...1100) + Array(3060...3090) + [6143, 6144, 6145, 10_000]).filter { length in
                let piece = UnsafeRawBufferPointer(rebasing: all[alignment..<alignment + length])
                let start = UInt32(truncatingIfNeeded: random.next())
                var fast = CRC32C(rawValue: start)
                fast.update(piece)
                return fast.rawValue != cchecksum_crc32c_table(start, piece.baseAddress, length)
            }
            #expect(wrong == [])
        }
    }

    @Test("the value does not depend on how the bytes are split", arguments: 0..<64 as Range<UInt64>)
    func cuts(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let bytes = random.bytes(Int.random(in: 0...20_000, using: &random))
        let cut = Int.random(in: 0...bytes.count, using: &random)
        var whole = CRC32C()
        bytes[..<cut].withUnsafeBytes { whole.update($0) }
        bytes[cut...].withUnsafeBytes { whole.update($0) }
        #expect(whole == crc32c(bytes))
    }

    @Test(
        "base64 round-trips",
        arguments: [(0, "AAAAAA=="), (0xE306_9283, "4waSgw=="), (.max, "/////w==")] as [(UInt32, String)]
    )
    func text(value: UInt32, base64: String) {
        #expect(CRC32C(rawValue: value).base64 == base64)
        #expect(CRC32C(base64: base64) == CRC32C(rawValue: value))
    }

    @Test(
        "text that is not the base64 of 4 bytes is rejected",
        arguments: ["", "4waSgw", "4waSgw=", "4waSgx==", "4waSgwA=", "4waSg===", "4wa gw==", "rosUhgp5mIg="]
    )
    func badBase64(text: String) { #expect(CRC32C(base64: text) == nil) }
}

/// Bytes with a published checksum.
///
/// Test output shows the description instead of the bytes.
struct KnownChecksum<Checksum: Sendable>: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]
    let checksum: Checksum

    init(_ name: String, _ bytes: [UInt8], _ checksum: Checksum) {
        testDescription = name
        self.bytes = bytes
        self.checksum = checksum
    }
}

private func crc64(_ bytes: some Collection<UInt8>) -> CRC64NVME {
    var checksum = CRC64NVME()
    Array(bytes).withUnsafeBytes { checksum.update($0) }
    return checksum
}

private func crc32c(_ bytes: some Collection<UInt8>) -> CRC32C {
    var checksum = CRC32C()
    Array(bytes).withUnsafeBytes { checksum.update($0) }
    return checksum
}

/// Reproducible random numbers.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }

    mutating func crc64() -> CRC64NVME { CRC64NVME(rawValue: next()) }
}
