import Foundation
import PontoonCore
import Testing

struct RateLimitTests {
    private static let start = Date(timeIntervalSince1970: 1_750_000_000.5)

    /// A call `second` seconds after ``start``, and its expected outcome.
    struct Row: Sendable, CustomTestStringConvertible {
        let second: Double
        let isAdmitted: Bool
        let remaining: Int
        /// End of the window in seconds after the Unix time 1,750,000,000, rounded up.
        let reset: Int64
        let testDescription: String

        init(_ second: Double, _ isAdmitted: Bool, _ remaining: Int, _ reset: Int64, _ why: String) {
            (self.second, self.isAdmitted, self.remaining, self.reset) = (second, isAdmitted, remaining, reset)
            testDescription = why
        }
    }

    @Test(
        "two calls per token are admitted in ten seconds",
        arguments: [
            [Row(0, true, 1, 11, "the first call begins the window")],
            [Row(0, true, 1, 11, "first"), Row(9.999, true, 0, 11, "still the same window")],
            [
                Row(0, true, 1, 11, "first"), Row(0, true, 0, 11, "second"), Row(0, false, 0, 11, "third"),
                Row(9.999, false, 0, 11, "refused until the end"), Row(10, true, 1, 21, "a new window"),
                Row(10, true, 0, 21, "refused calls do not count"), Row(10, false, 0, 21, "the new window is full"),
            ],
            [
                Row(0, true, 1, 11, "first"),
                Row(1000.25, true, 1, 1011, "the next window begins with its first call, not where the last one ended"),
            ],
            [
                Row(0, true, 1, 11, "first"), Row(1, true, 0, 11, "second"),
                Row(-3600, true, 1, -3589, "a clock that was set back ends the window"),
            ],
        ]
    )
    func oneToken(rows: [Row]) {
        var table = RateLimitStore<Secret>(limit: RateLimit(calls: 2, window: .seconds(10)))
        for row in rows {
            let standing = table.call(Secret("a"), now: Self.start.addingTimeInterval(row.second))
            #expect(standing.limit == 2, "\(row)")
            #expect(standing.isAdmitted == row.isAdmitted, "\(row)")
            #expect(standing.remaining == row.remaining, "\(row)")
            #expect(standing.reset == 1_750_000_000 + row.reset, "\(row)")
        }
    }

    @Test("a client that sleeps until the reset, in full seconds, is admitted", arguments: [0, 0.1, 0.5, 0.999])
    func sleepers(fraction: Double) {
        var table = RateLimitStore<Secret>(limit: RateLimit(calls: 1, window: .seconds(2)))
        let begin = Date(timeIntervalSince1970: 1_750_000_000 + fraction)
        _ = table.call(Secret("a"), now: begin)
        let late = begin.addingTimeInterval(1.25)
        let refused = table.call(Secret("a"), now: late)
        #expect(!refused.isAdmitted)
        // rate_limit_sleeper computes int(header) - int(time.time()).
        let sleep = refused.reset - Int64(late.timeIntervalSince1970)
        #expect(table.call(Secret("a"), now: late.addingTimeInterval(Double(sleep))).isAdmitted)
    }

    @Test("tokens are counted separately")
    func manyTokens() {
        var table = RateLimitStore<Secret>(limit: RateLimit(calls: 1, window: .seconds(10)))
        for name in ["a", "b", "c"] { #expect(table.call(Secret(name), now: Self.start).isAdmitted) }
        for name in ["a", "b", "c"] { #expect(!table.call(Secret(name), now: Self.start).isAdmitted) }
    }

    @Test("the table drops expired windows and never exceeds its capacity")
    func bounded() {
        var table = RateLimitStore<Secret>(limit: RateLimit(calls: 1, window: .seconds(10)), capacity: 3)
        for index in 0..<100 {
            #expect(table.call(Secret("\(index)"), now: Self.start).isAdmitted)
            #expect(table.count == min(index + 1, 3))
        }
        #expect(!table.call(Secret("99"), now: Self.start).isAdmitted)
        _ = table.call(Secret("later"), now: Self.start.addingTimeInterval(10))
        #expect(table.count == 1)
    }

    @Test("without a limit, every call is admitted, and the reported numbers fit the clients' integers")
    func unlimited() {
        let standing = RateLimitStatus.unlimited(now: Self.start)
        #expect(standing.isAdmitted)
        #expect(standing.limit == 2_147_483_647 && standing.remaining == 2_147_483_647)
        #expect(standing.reset == 1_750_000_300)
    }
}
