import Foundation
import PontoonCore
import PontoonTesting
import Testing

struct JSONValueTests {
    @Test(
        "integers are recognized in any notation",
        arguments: [
            ("5", 5), ("5.0", 5), ("5e0", 5), ("5497558138880", 5_497_558_138_880), ("-1", -1),
        ]
    )
    func integers(text: String, expected: Int64) throws {
        #expect(try parse(text).integer == expected)
    }

    @Test(
        "a value that is not a 64-bit integer is rejected",
        arguments: ["5.5", "\"5\"", "true", "null", "1e30", "9223372036854775808", "-9223372036854775809"]
    )
    func notIntegers(text: String) throws {
        #expect(try parse(text).integer == nil)
    }

    private func parse(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}
