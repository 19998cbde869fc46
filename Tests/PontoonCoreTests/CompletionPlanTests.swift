import Foundation
import PontoonCore
import Testing

struct CompletionPlanTests {
    @Test(
        "what was reported must be whole",
        arguments: [
            (parts: [], size: nil, refusal: "No part was sent."),
            (parts: [], size: 1, refusal: "No part was sent."),
            (parts: [(1, 5, false)], size: 5, refusal: "No part was reported; 1 are stored and not reported."),
            (parts: [(2, 5, true)], size: 5, refusal: "Parts are missing: 1."),
            (parts: [(1, 5, true), (3, 5, true)], size: nil, refusal: "Parts are missing: 2."),
            (parts: [(1, 5, true), (2, 5, false), (3, 5, true)], size: 15, refusal: "Parts are missing: 2."),
            (parts: [(1, 5, true)], size: 6, refusal: "The reported parts hold 5 bytes, but 6 were declared."),
            (parts: [(1, 5, true)], size: 4, refusal: "The reported parts hold 5 bytes, but 4 were declared."),
            (
                parts: [(13, 1, true)], size: nil,
                refusal: "Parts are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more."
            ),
            (
                parts: [(1, 5 << 40, true), (2, 1, true)], size: nil,
                refusal: "The reported parts hold more than 5 TiB."
            ),
        ] as [([(Int, Int64, Bool)], Int64?, String)]
    )
    func refusals(parts: [(Int, Int64, Bool)], size: Int64?, refusal: String) throws {
        #expect(CompletionPlan(parts: try parts.map(part), size: size) == .refuse(refusal))
    }

    @Test(
        "a whole upload is assembled from its reported parts",
        arguments: [
            (parts: [], size: 0, kept: 0, total: 0),
            (parts: [(1, 0, true)], size: 0, kept: 1, total: 0),
            (parts: [(1, 5, true), (2, 6, true), (3, 0, true)], size: 11, kept: 3, total: 11),
            (parts: [(1, 5, true), (2, 6, true)], size: nil, kept: 2, total: 11),
            (parts: [(1, 5, true), (2, 6, false)], size: 5, kept: 1, total: 5),
        ] as [([(Int, Int64, Bool)], Int64?, Int, Int64)]
    )
    func assemblies(parts: [(Int, Int64, Bool)], size: Int64?, kept: Int, total: Int64) throws {
        let parts = try parts.map(part)
        #expect(CompletionPlan(parts: parts, size: size) == .assemble(Array(parts.prefix(kept)), size: total))
    }

    private func part(_ number: Int, _ size: Int64, _ isReported: Bool) throws -> PartRecord {
        PartRecord(
            number: try PartNumber(number),
            size: size,
            etag: "e",
            crc64: nil,
            place: .slot,
            storedOn: Date(timeIntervalSince1970: 0),
            isReported: isReported
        )
    }
}
