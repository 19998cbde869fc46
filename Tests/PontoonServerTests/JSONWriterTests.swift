import Foundation
import NIOCore
import PontoonCore
import Testing

@testable import PontoonServer

@Suite("JSONWriter writes the same bytes as JSONEncoder")
struct JSONWriterTests {
    private static let texts = [
        "", "plain", "/storage/parts/x/1?a=b&c=%20", "quote \" and \\ back",
        "tab\t line\n return\r bell\u{7} \u{8}\u{c}",
        "\u{0}\u{1f}\u{7f}", "ünï ☃ 😀", "\u{2028}<script>", "e\u{301}", "\u{e9}",
    ]

    @Test("any text is written the same way", arguments: texts)
    func text(_ text: String) throws {
        try expectEqual(.string(text))
        try expectEqual(.object(["b\(text)": .integer(1), "a": .string(text), text: .null]))
    }

    @Test("keys are in the same order")
    func order() throws {
        let keys = Self.texts + ["B", "_", "a_b", "ab", "a1", "a10", "a2", "Z", "z", "aB", "ä"]
        try expectEqual(.object(Dictionary(keys.map { ($0, .bool(true)) }) { first, _ in first }))
    }

    @Test(
        "any number is written the same way",
        arguments: [
            "0", "-0", "1", "-1", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "5.0", "0.5",
            "-2.50", "1e30", "1e300", "123456789012345680000", "1e-7", "3.141592653589793", "1e16", "100000.0",
        ]
    )
    func number(_ text: String) throws { try expectEqual(try JSONParser.parse("[\(text)]")) }

    @Test("nested values are written the same way")
    func nested() throws {
        try expectEqual(
            .object([
                "a": .array([]), "b": .array([.null, .bool(false), .object([:])]),
                "c": .object(["d": .array([.array([])])]),
            ])
        )
    }

    @Test(
        "only selected fields are written, including nested ones",
        arguments: [
            (nil, #"{"a":{"b":1,"c.d":2},"e":"x","href":"h"}"#), ("", #"{"a":{"b":1,"c.d":2},"e":"x","href":"h"}"#),
            ("e", #"{"e":"x","href":"h"}"#), ("a.b", #"{"a":{"b":1},"href":"h"}"#),
            ("a.c.d", #"{"a":{"c.d":2},"href":"h"}"#), ("a.none", #"{"a":{},"href":"h"}"#),
            ("e.x", #"{"href":"h"}"#), ("a.b,e", #"{"a":{"b":1},"e":"x","href":"h"}"#),
            ("a.b,a", #"{"a":{"b":1,"c.d":2},"href":"h"}"#), ("a,a.b", #"{"a":{"b":1,"c.d":2},"href":"h"}"#),
            ("!href", #"{"a":{"b":1,"c.d":2},"e":"x","href":"h"}"#), ("!a", #"{"e":"x","href":"h"}"#),
            ("_all,!e", #"{"a":{"b":1,"c.d":2},"href":"h"}"#), ("_all", #"{"a":{"b":1,"c.d":2},"e":"x","href":"h"}"#),
            ("a,!a", #"{"href":"h"}"#), ("none", #"{"href":"h"}"#), (" e", #"{"e":"x","href":"h"}"#),
        ] as [(String?, String)]
    )
    func selection(fields: String?, expected: String) throws {
        let value = try JSONParser.parse(#"{"a":{"b":1,"c.d":2},"e":"x","href":"h"}"#)
        #expect(String(buffer: JSONWriter(value, fields: FieldSelection(fields)).buffer) == expected)
    }

    @Test("an object that follows a nested selection is complete")
    func afterNestedSelection() throws {
        let value = try JSONParser.parse(#"{"a":"text","b":{"c":1,"d":{"e":2}}}"#)
        let written = JSONWriter(value, fields: FieldSelection("a.x,b")).buffer
        #expect(String(buffer: written) == #"{"b":{"c":1,"d":{"e":2}}}"#)
    }

    private func expectEqual(_ value: JSONValue) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        #expect(String(buffer: JSONWriter(value).buffer) == String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
