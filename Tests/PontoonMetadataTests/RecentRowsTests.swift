import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("The row cache")
struct RecentRowsTests {
    @Test("a row is read once until it is invalidated")
    func remembering() async throws {
        let rows = RecentRows<String, Int>()
        #expect(try await rows.row("a") { 1 } == 1)
        #expect(try await rows.row("a") { 2 } == 1)
        #expect(try await rows.row("b") { nil } == nil)
        #expect(try await rows.row("b") { 3 } == 3)
        rows.forget("a")
        #expect(try await rows.row("a") { 4 } == 4)
        #expect(try await rows.row("b") { 5 } == 3)
        rows.forgetAll()
        #expect(try await rows.row("b") { 6 } == 6)
    }

    @Test("a row that changes while it is read is not cached")
    func changeWhileReading() async throws {
        let rows = RecentRows<String, Int>()
        let old = try await rows.row("a") {
            rows.forget("a")
            return 1
        }
        #expect(old == 1)
        #expect(try await rows.row("a") { 2 } == 2)
    }

    @Test("a written row is cached unless it changed since the write began", arguments: Change.allCases)
    func remembering(afterWriting change: Change) async throws {
        let rows = RecentRows<String, Int>()
        let began = rows.moment
        switch change {
        case .none: break
        case .other: rows.forget("b")
        case .same: rows.forget("a")
        case .all: rows.forgetAll()
        case .readAnew: _ = try await rows.row("a") { 3 }
        }
        rows.remember(1, as: "a", since: began)
        #expect(try await rows.row("a") { 2 } == change.expected)
    }

    /// What happens while a row is written.
    enum Change: CaseIterable {
        case none, other, same, all, readAnew

        var expected: Int {
            switch self {
            case .none, .other: 1
            case .same, .all: 2
            case .readAnew: 3
            }
        }
    }
}
