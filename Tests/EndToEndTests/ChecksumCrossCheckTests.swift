import Foundation
import PontoonCore
import Subprocess
import SystemPackage
import Testing

struct ChecksumCrossCheckTests {
    @Test(
        "our checksums are those of AWS's own library",
        .enabled(if: FileManager.default.isExecutableFile(atPath: python), "no .venv with awscrt in the package root")
    )
    func agreesWithAWS() async throws {
        let seeds: [UInt64] = [1, 0x9E37_79B9_7F4A_7C15]
        let result = try await run(
            .path(FilePath(python)),
            arguments: Arguments([script] + seeds.map { String($0) }),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 16)
        )
        try #require(result.terminationStatus.isSuccess, "\(result.standardError)")
        let lines = result.standardOutput.split(separator: "\n")
        #expect(lines.count == 60)
        let vectors = try lines.map { try JSONDecoder().decode(Vector.self, from: Data($0.utf8)) }
        for (seed, vectors) in Dictionary(grouping: vectors, by: \.seed) {
            let longest = splitMix64(seed: seed, length: vectors.map(\.length).max() ?? 0)
            for vector in vectors { vector.check(longest.prefix(vector.length)) }
        }
    }
}

/// A line of checksums.py.
private struct Vector: Decodable {
    let length: Int
    let seed: UInt64
    let crc64nvme: String
    let crc32c: String

    func check(_ data: Data) {
        var crc64 = CRC64NVME()
        var crc32 = CRC32C()
        data.withUnsafeBytes { bytes in
            crc64.update(bytes)
            crc32.update(bytes)
        }
        #expect(crc64.hex == crc64nvme, "seed \(seed), \(length) bytes")
        #expect(crc32.rawValue == UInt32(crc32c, radix: 16), "seed \(seed), \(length) bytes")
    }
}

/// The data that checksums.py makes from the same seed.
private func splitMix64(seed: UInt64, length: Int) -> Data {
    var words: [UInt64] = []
    var state = seed
    for _ in 0..<(length + 7) / 8 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        words.append((mixed ^ (mixed >> 31)).littleEndian)
    }
    return words.withUnsafeBytes { Data($0.prefix(length)) }
}

private let python = packageRoot().appending(path: ".venv/bin/python").path
private let script = packageRoot().appending(path: "Tests/EndToEndTests/Python/checksums.py").path

/// The folder that holds Package.swift.
private func packageRoot() -> URL {
    URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
}
