import PontoonCore
import Testing

struct PartSizingTests {
    private static let mebi: Int64 = 1 << 20

    @Test(
        "a valid requested part size is granted, and an invalid one is replaced",
        arguments: [
            (requested: nil, size: nil, expected: 32 * mebi),
            (requested: 5 * mebi, size: nil, expected: 5 * mebi),
            (requested: 5 * mebi - 1, size: nil, expected: 32 * mebi),
            (requested: 5 << 30, size: 0, expected: 5 << 30),
            (requested: 5 << 30 + 1, size: 0, expected: 32 * mebi),
            (requested: 0, size: 10, expected: 32 * mebi),
            (requested: -1, size: 10, expected: 32 * mebi),
            (requested: 5 * mebi, size: 50_000 * mebi, expected: 5 * mebi),
            (requested: 5 * mebi, size: 50_000 * mebi + 1, expected: 32 * mebi),
        ] as [(Int64?, Int64?, Int64)]
    )
    func wishes(requested: Int64?, size: Int64?, expected: Int64) {
        #expect(PartSizing().partSize(requested: requested, size: size) == expected)
    }

    @Test(
        "the part size doubles until 10,000 parts are enough for the file",
        arguments: [
            (size: 335_544_320_000, expected: 32 * mebi),
            (size: 335_544_320_001, expected: 64 * mebi),
            (size: 671_088_640_000, expected: 64 * mebi),
            (size: 1_342_177_280_000, expected: 128 * mebi),
            (size: 2_684_354_560_000, expected: 256 * mebi),
            (size: 5_368_709_120_000, expected: 512 * mebi),
            (size: PartSizing.maximumFileSize, expected: 1024 * mebi),
        ] as [(Int64, Int64)]
    )
    func largeFiles(size: Int64, expected: Int64) {
        #expect(PartSizing().partSize(requested: nil, size: size) == expected)
    }

    @Test("a part is at most 5 GiB and at most as long as the file")
    func longestPart() {
        #expect(PartSizing.longestPart(size: nil) == 5 << 30)
        #expect(PartSizing.longestPart(size: 7) == 7)
        #expect(PartSizing.longestPart(size: 5 << 40) == 5 << 30)
    }

    @Test(
        "part numbers outside 1 to 10000 are rejected",
        arguments: ["0", "10001", "abc", "-1", "1.5", "", "+1", " 1", "١", "99999999999999999999"]
    )
    func badPartNumbers(text: String) {
        #expect(throws: PontoonError.self) { try PartNumber(text: text) }
    }

    @Test("part numbers 1 and 10000 are valid", arguments: [1, 10_000])
    func goodPartNumbers(number: Int) throws {
        #expect(try PartNumber(text: String(number)).rawValue == number)
    }
}
