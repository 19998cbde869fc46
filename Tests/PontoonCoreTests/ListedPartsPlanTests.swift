import Foundation
import PontoonCore
import Testing

@Suite("Completion plan of an upload to a presigned store")
struct ListedPartsPlanTests {
    private static let full: Int64 = 5 << 20

    @Test(
        "listed parts that match their reports form a file",
        arguments: [
            // Reported ETags in the order of part numbers; listed parts (number, length, ETag); declared size; expected
            // ETags.
            (["a"], [(1, 3, "a")], 3, ["a"]),
            (["a"], [(1, 3, "a")], nil, ["a"]),
            (["A"], [(1, 3, "a")], 3, ["a"]),
            (["a", "b"], [(1, full, "a"), (2, 1, "b")], full + 1, ["a", "b"]),
            // The parts into which the Python client splits a file of this size.
            (["a", "b", "c"], [(1, full, "a"), (2, full + 1, "b"), (3, 0, "c")], 2 * full + 1, ["a", "b"]),
            // A part was sent twice. The version that was reported is used, wherever it is in the list.
            (["n", "b"], [(1, full, "o"), (1, full + 1, "n"), (2, 1, "b")], full + 2, ["n", "b"]),
            (["n", "b"], [(1, full + 1, "n"), (1, full, "o"), (2, 1, "b")], full + 2, ["n", "b"]),
            // An empty part in the middle, and a part that was not reported.
            (["a", "b", "c"], [(1, full, "a"), (2, 0, "b"), (3, 1, "c"), (4, 9, "d")], full + 1, ["a", "c"]),
            (["a"], [(1, 0, "a")], 0, []),
            ([], [], 0, []),
        ] as [([String], [(Int, Int64, String)], Int64?, [String])]
    )
    func assembled(reported: [String], listed: [(Int, Int64, String)], size: Int64?, named: [String]) throws {
        #expect(try plan(reported, listed, size).map(\.etag) == named)
    }

    @Test(
        "parts that do not match are refused, and the error names the first of them",
        arguments: [
            (["a"], [], 3, "Part 1 is not stored; send it again."),
            (["a"], [(2, 3, "a")], 3, "Part 1 is not stored; send it again."),
            (["a"], [(1, 3, "b")], 3, "Part 1 is not stored with the reported ETag; report it again."),
            (["a"], [(1, 4, "a")], 3, "The reported parts contain 4 bytes, but 3 were declared."),
            ([], [(1, 3, "a")], 3, "No part was reported; send and report all parts first."),
            (
                ["a", "b"], [(1, full - 1, "a"), (2, 1, "b")], full,
                "The length of part 1 is \(full - 1), but every part except the last must have at least \(full) bytes."
            ),
            (
                ["a", "b", "c"], [(1, full, "a"), (2, 1, "b"), (3, 1, "c")], nil,
                "The length of part 2 is 1, but every part except the last must have at least \(full) bytes."
            ),
        ] as [([String], [(Int, Int64, String)], Int64?, String)]
    )
    func refused(reported: [String], listed: [(Int, Int64, String)], size: Int64?, reason: String) throws {
        let error = try #require(throws: PontoonError.self) { try plan(reported, listed, size) }
        #expect(error.code == .completeRefused)
        #expect(error.message == reason)
    }

    /// Creates the plan in both steps: when the completion is leased, and after the store has listed its parts.
    private func plan(
        _ reported: [String],
        _ listed: [(Int, Int64, String)],
        _ size: Int64?
    ) throws -> [ListedPart] {
        let parts = try reported.enumerated().map { index, etag in
            PartRecord.fixture(try PartNumber(index + 1), etag: etag, location: .remote)
        }
        return try CompletionPlan.listedParts(
            try listed.map { ListedPart(number: try PartNumber($0.0), size: $0.1, etag: $0.2) },
            matching: try CompletionPlan.reportedParts(of: parts, declaredSize: size),
            declaredSize: size,
            minimumPartSize: Self.full
        )
    }
}
