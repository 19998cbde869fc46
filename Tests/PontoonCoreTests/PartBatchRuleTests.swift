import PontoonCore
import Testing

struct PartBatchRuleTests {
    private static let tebi: Int64 = 1 << 40

    @Test(
        "a batch starts at its first part and does not extend beyond the file",
        arguments: [
            (from: 1, count: 0, size: nil, partSize: 5, expected: []),
            (from: 1, count: -1, size: nil, partSize: 5, expected: []),
            (from: 1, count: 1, size: nil, partSize: 5, expected: [1]),
            (from: 3, count: 2, size: nil, partSize: 5, expected: [3, 4]),
            (from: 1, count: 1001, size: nil, partSize: 5, expected: Array(1...1000)),
            (from: 9001, count: .max, size: nil, partSize: 5, expected: Array(9001...10_000)),
            (from: 10_000, count: 2, size: nil, partSize: 5, expected: [10_000]),
            // The batch of an empty file has one part.
            (from: 1, count: 9, size: 0, partSize: 5, expected: [1]),
            (from: 2, count: 9, size: 0, partSize: 5, expected: []),
            (from: 1, count: 9, size: 4, partSize: 5, expected: [1]),
            (from: 1, count: 9, size: 5, partSize: 5, expected: [1]),
            (from: 1, count: 9, size: 6, partSize: 5, expected: [1, 2]),
            (from: 2, count: 9, size: 11, partSize: 5, expected: [2, 3]),
            (from: 3, count: 9, size: 11, partSize: 5, expected: [3]),
            (from: 4, count: 9, size: 11, partSize: 5, expected: []),
            (from: 9999, count: 9, size: 10_000, partSize: 1, expected: [9999, 10_000]),
            (from: 9999, count: 9, size: 5 * tebi, partSize: 5 << 30, expected: []),
            (from: 1024, count: 9, size: 5 * tebi, partSize: 5 << 30, expected: [1024]),
            (from: 5, count: .max, size: .max, partSize: 1, expected: Array(5...1004)),
        ] as [(Int, Int, Int64?, Int64, [Int])]
    )
    func numbers(from: Int, count: Int, size: Int64?, partSize: Int64, expected: [Int]) throws {
        let batch = PartBatch(from: try PartNumber(from), count: count)
        #expect(batch.numbers(size: size, partSize: partSize).map(\.rawValue) == expected)
    }
}
