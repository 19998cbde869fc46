import Foundation
import PontoonCore
import Testing

@testable import PontoonMetadata

struct SQLRowTests {
    @Test(
        "reading a stored length that no file can have is an error",
        arguments: [(0, true), (5 << 40, true), (5 << 40 + 1, false), (-1, false), (.max, false), (.min, false)]
            as [(Int64, Bool)]
    )
    func length(value: Int64, isValid: Bool) {
        let row = SQLRow(columns: ["size"], values: [.integer(value)])
        #expect((try? row.length("size")) == (isValid ? value : nil))
    }

    @Test(
        "a date that does not fit into 64 bits is stored as the nearest possible date",
        arguments: [(1e300, Int64.max), (-1e300, .min), (1, 1000)]
    )
    func date(seconds: Double, stored: Int64) {
        #expect(Date(timeIntervalSince1970: seconds).sqlValue == .integer(stored))
    }

    @Test("an integer column can contain any 64-bit number", arguments: [Int64.max, .min, 0])
    func dates(value: Int64) throws {
        let row = SQLRow(columns: ["on"], values: [.integer(value)])
        #expect(try !row.date("on").formatted(.iso8601).isEmpty)
        #expect(try row.count("on") == Int(value))
    }
}
