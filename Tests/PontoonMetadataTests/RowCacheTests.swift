import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Row cache")
struct RowCacheTests {
    @Test("a row is read once until it is invalidated")
    func remembering() async throws {
        let rows = RowCache<String, Int>()
        #expect(try await rows.row("a", reading: .cached) { 1 } == 1)
        #expect(try await rows.row("a", reading: .cached) { 2 } == 1)
        #expect(try await rows.row("b", reading: .cached) { nil } == nil)
        #expect(try await rows.row("b", reading: .cached) { 3 } == 3)
        rows.invalidate("a")
        #expect(try await rows.row("a", reading: .cached) { 4 } == 4)
        #expect(try await rows.row("b", reading: .cached) { 5 } == 3)
        rows.invalidateAll()
        #expect(try await rows.row("b", reading: .cached) { 6 } == 6)
    }

    @Test("cached rows are limited in number and in bytes")
    func limits() async throws {
        let numbers = RowCache<Int, Int>()
        for key in 0...RowCache<Int, Int>.capacity { _ = try await numbers.row(key, reading: .cached) { key } }
        let texts = RowCache<Int, String> { $0.utf8.count }
        let text = String(repeating: "a", count: 1 << 20)
        for key in 0...16 { _ = try await texts.row(key, reading: .cached) { text } }
        // The first rows have been evicted.
        #expect(try await numbers.row(0, reading: .cached) { -1 } == -1)
        #expect(try await texts.row(0, reading: .cached) { "again" } == "again")
    }

    @Test("a row that was read during a change is not cached")
    func changeWhileReading() async throws {
        let rows = RowCache<String, Int>()
        let old = try await rows.row("a", reading: .cached) {
            rows.invalidate("a")
            return 1
        }
        #expect(old == 1)
        #expect(try await rows.row("a", reading: .cached) { 2 } == 2)
    }

    @Test("a written row is cached unless it changed after the write started", arguments: Change.allCases)
    func remembering(afterWriting change: Change) async throws {
        let rows = RowCache<String, Int>()
        let stamp = rows.stamp()
        switch change {
        case .none: break
        case .other: rows.invalidate("b")
        case .same: rows.invalidate("a")
        case .all: rows.invalidateAll()
        case .readAnew: _ = try await rows.row("a", reading: .cached) { 3 }
        }
        rows.insert(1, for: "a", since: stamp)
        #expect(try await rows.row("a", reading: .cached) { 2 } == change.expected)
    }

    /// A change that takes place while a row is written.
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
