import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Rows of the last second")
struct RecentRowsTests {
    @Test("a row is read once, until it is forgotten")
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

    @Test("a row that was being read during a change is not kept")
    func changeWhileReading() async throws {
        let rows = RecentRows<String, Int>()
        let old = try await rows.row("a") {
            rows.forget("a")
            return 1
        }
        #expect(old == 1)
        #expect(try await rows.row("a") { 2 } == 2)
    }
}
