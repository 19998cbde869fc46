import PontoonClient
import Testing

struct PartPlanTests {
    private static let gib: Int64 = 1 << 30

    private func plan(_ size: Int64, requested: Int64? = nil, calls: Int? = nil) throws -> PartPlan {
        var limits = PartPlan.Limits()
        limits.calls = calls
        return try PartPlan(size: size, requestedPartSize: requested, totalBytes: size, limits: limits)
    }

    @Test(
        "without a rate limit, parts have the default size unless 10,000 of them are too few",
        arguments: [
            (0, 16 << 20, 1), (1, 16 << 20, 1), (16 << 20, 16 << 20, 1), ((16 << 20) + 1, 16 << 20, 2),
            (9_999 * (16 << 20), 16 << 20, 9_999), (10_000 * (16 << 20), 16 << 20, 10_000),
            (10_000 * (16 << 20) + 1, 17 << 20, 9_412), (5 << 40, 525 << 20, 9_987),
        ] as [(Int64, Int64, Int)]
    )
    func usual(size: Int64, partSize: Int64, parts: Int) throws {
        let plan = try plan(size)
        #expect(plan.partSize == partSize)
        #expect(plan.parts == parts)
    }

    @Test("a rate limit makes parts larger, but only in runs that would reach it")
    func limited() throws {
        #expect(try plan(Self.gib, calls: 1000).partSize == 16 << 20)
        #expect(try plan(100 * Self.gib, calls: 1000).partSize == 150 << 20)
        #expect(try plan(100 * Self.gib, calls: 1000).reason.contains("1000 calls"))
    }

    @Test("a possible part size is used as requested", arguments: [5 << 20, 5 << 30] as [Int64])
    func requested(partSize: Int64) throws { #expect(try plan(Self.gib, requested: partSize).partSize == partSize) }

    @Test(
        "an impossible part size or file length is refused before any byte is sent",
        arguments: [
            (Self.gib, (5 << 20) - 1), (Self.gib, (5 << 30) + 1), (10_000 * (5 << 20) + 1, 5 << 20),
        ] as [(Int64, Int64)]
    )
    func refused(size: Int64, requested: Int64) {
        #expect(throws: ClientError.self) { try plan(size, requested: requested) }
        #expect(throws: ClientError.self) { try plan((5 << 40) + 1) }
    }
}
