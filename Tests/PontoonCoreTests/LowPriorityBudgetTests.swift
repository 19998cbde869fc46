import Testing

@testable import PontoonCore

@Suite
struct LowPriorityBudgetTests {
    private static let start = ContinuousClock.now
    private static let none = LowPriorityBudget.Totals(transferredBytes: 0, processorTime: .zero)

    /// A budget for two processors, and transfers at a constant rate.
    private struct Simulation {
        var budget = LowPriorityBudget(cores: 2, totals: none, now: start)
        var now = start
        var worked = Duration.zero
        let bytesPerSecond: Double
        /// Number of processors that the transfers use.
        let processors: Double

        static let fast = Simulation(bytesPerSecond: 1e9, processors: 1)

        /// Works for a time, and then rests as long as the budget requires.
        ///
        /// Returns the duration of the rest.
        mutating func work(_ used: Duration) -> Duration {
            now += used
            worked += used
            let seconds = (now - start) / .seconds(1)
            let totals = LowPriorityBudget.Totals(
                transferredBytes: UInt64(seconds * bytesPerSecond),
                processorTime: worked + .seconds(seconds * processors)
            )
            let rest = budget.use(used, now: now) { totals }
            now += rest
            return rest
        }

        /// Works and rests for ten seconds, and returns the share of that time spent working.
        mutating func share(_ piece: Duration) -> Double {
            let (begin, before) = (now, worked)
            while now < begin + .seconds(10) { _ = work(piece) }
            return (worked - before) / (now - begin)
        }
    }

    @Test("while transfers need the processors, low-priority work gets a twentieth of them", arguments: [0.1, 2, 20])
    func share(milliseconds: Double) {
        var simulation = Simulation.fast
        _ = simulation.share(.seconds(milliseconds / 1000))
        let share = simulation.share(.seconds(milliseconds / 1000))
        #expect(abs(share - 0.1) < 0.005, "a tenth of one processor is a twentieth of two: \(share)")
    }

    @Test(
        "while transfers are slow or need little processor time, low-priority work never rests",
        arguments: [(0, 0), (60e6, 1), (1e9, 0.4), (0, 2)] as [(Double, Double)]
    )
    func unlimited(bytesPerSecond: Double, processors: Double) {
        var simulation = Simulation(bytesPerSecond: bytesPerSecond, processors: processors)
        #expect(simulation.share(.milliseconds(2)) == 1)
    }

    @Test("after a pause, a little work needs no rest, and a lot of work rests for at most a second")
    func bounds() {
        var simulation = Simulation.fast
        _ = simulation.share(.milliseconds(2))
        simulation.now += .seconds(10)
        let little = (0..<50).map { _ in simulation.work(.milliseconds(2)) }
        #expect(little.allSatisfy { $0 == .zero }, "\(little)")
        #expect(simulation.work(.seconds(60)) == .seconds(1))
        #expect(simulation.work(.milliseconds(1)) > .zero)
    }

    @Test("work before the transfers start causes no rest later")
    func earlierWork() {
        var budget = LowPriorityBudget(cores: 2, totals: Self.none, now: Self.start)
        for second in 1...10 {
            let totals = LowPriorityBudget.Totals(transferredBytes: 0, processorTime: .seconds(second))
            #expect(budget.use(.seconds(1), now: Self.start + .seconds(second)) { totals } == .zero)
        }
        let totals = LowPriorityBudget.Totals(transferredBytes: 1 << 30, processorTime: .seconds(11))
        let rest = budget.use(.milliseconds(1), now: Self.start + .seconds(11)) { totals }
        #expect(rest == .zero, "a second has added to the budget")
        let later = budget.use(.milliseconds(101), now: Self.start + .seconds(11)) { totals }
        #expect(later > .zero && later < .milliseconds(100), "\(later)")
    }

    @Test("work no longer rests once the transfers have ended")
    func end() {
        var budget = LowPriorityBudget(cores: 2, totals: Self.none, now: Self.start)
        let totals = LowPriorityBudget.Totals(transferredBytes: 1 << 40, processorTime: .seconds(4))
        #expect(budget.use(.seconds(2), now: Self.start + .seconds(2)) { totals } > .zero)
        #expect(budget.use(.seconds(2), now: Self.start + .seconds(4)) { totals } == .zero)
    }
}
