import PontoonCore
import Testing

@testable import PontoonServer

struct JSONBodyBudgetTests {
    @Test("small bodies do not count, and large ones count until their calls have finished")
    func counting() throws {
        let budget = JSONBodyBudget(maximumSize: 1 << 20)
        let small = budget.reservation(for: "ada")
        try small.grow(by: JSONBodyBudget.free)
        #expect(budget.used == 0)
        let large = budget.reservation(for: "ada")
        for _ in 0..<3 { try large.grow(by: 50_000) }
        #expect(budget.used == 150_000 - JSONBodyBudget.free)
        small.end()
        large.end()
        large.end()
        #expect(budget.used == 0)
    }

    @Test("a user can use up at most a quarter of the memory")
    func share() throws {
        let budget = JSONBodyBudget(maximumSize: 1 << 20)
        var reservations: [JSONBodyBudget.Reservation] = []
        for name in ["ada", "bob", "cy", "dan"] {
            for _ in 0..<8 {
                let reservation = budget.reservation(for: name)
                try reservation.grow(by: JSONBodyBudget.free + (1 << 20))
                reservations.append(reservation)
            }
            let error = #expect(throws: PontoonError.self) {
                try budget.reservation(for: name).grow(by: JSONBodyBudget.free + 1)
            }
            #expect(error?.code == .unavailable)
            #expect(throws: Never.self) { try budget.reservation(for: name).grow(by: JSONBodyBudget.free) }
        }
        #expect(budget.used == budget.total)
        #expect(throws: PontoonError.self) { try budget.reservation(for: "eve").grow(by: JSONBodyBudget.free + 1) }
        for reservation in reservations { reservation.end() }
        #expect(budget.used == 0)
    }

    @Test("one body of the maximum size always fits", arguments: [1024, 8 << 20, 64 << 20])
    func maximum(size: Int) {
        let budget = JSONBodyBudget(maximumSize: size)
        #expect(throws: Never.self) { try budget.reservation(for: "ada").grow(by: size) }
    }
}
