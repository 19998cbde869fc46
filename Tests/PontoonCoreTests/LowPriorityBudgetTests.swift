import Testing

@testable import PontoonCore

@Suite
struct LowPriorityBudgetTests {
    private static let start = ContinuousClock.now

    /// A budget for two processors, and bytes that are transferred at a constant rate.
    private struct Simulation {
        var budget = LowPriorityBudget(cores: 2, now: start)
        var now = start
        let bytesPerSecond: Double

        /// Works for a time, rests as long as the budget says, and returns that time.
        mutating func work(_ used: Duration) -> Duration {
            now += used
            let transferred = UInt64((now - start) / .seconds(1) * bytesPerSecond)
            let rest = budget.use(used, transferred: transferred, now: now)
            now += rest
            return rest
        }

        /// Works without a pause for ten seconds, and returns the share of the time that was not spent resting.
        mutating func share(_ piece: Duration) -> Double {
            let end = now + .seconds(10)
            let begin = now
            var worked = Duration.zero
            while now < end {
                worked += piece
                _ = work(piece)
            }
            return worked / (now - begin)
        }
    }

    @Test("while bytes are transferred, work gets a twentieth of the processors", arguments: [0.1, 2, 20])
    func share(milliseconds: Double) {
        var transferring = Simulation(bytesPerSecond: 1e9)
        _ = transferring.share(.seconds(milliseconds / 1000))
        let share = transferring.share(.seconds(milliseconds / 1000))
        #expect(abs(share - 0.1) < 0.005, "a tenth of one processor is a twentieth of two: \(share)")
    }

    @Test("without transfers, or with slow ones, work never rests", arguments: [0, 60e6])
    func free(bytesPerSecond: Double) {
        var slow = Simulation(bytesPerSecond: bytesPerSecond)
        #expect(slow.share(.milliseconds(2)) == 1)
    }

    @Test("a little work after a pause does not rest, and a long piece rests for a second at most")
    func bounds() {
        var simulation = Simulation(bytesPerSecond: 1e9)
        _ = simulation.share(.milliseconds(2))
        simulation.now += .seconds(10)
        let little = (0..<50).map { _ in simulation.work(.milliseconds(2)) }
        #expect(little.allSatisfy { $0 == .zero }, "\(little)")
        #expect(simulation.work(.seconds(60)) == .seconds(1))
        #expect(simulation.work(.milliseconds(1)) > .zero)
    }

    @Test("work no longer rests when transfers have ended")
    func end() {
        var budget = LowPriorityBudget(cores: 2, now: Self.start)
        let bytes: UInt64 = 1 << 40
        #expect(budget.use(.seconds(2), transferred: bytes, now: Self.start + .seconds(2)) > .zero)
        #expect(budget.use(.seconds(2), transferred: bytes, now: Self.start + .seconds(4)) == .zero)
    }
}
