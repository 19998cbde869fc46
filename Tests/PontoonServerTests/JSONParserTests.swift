import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonServer

struct JSONParserTests {
    @Test(
        "the parser agrees with Foundation about valid JSON",
        arguments: [
            "null", " true ", "\t\r\n false", "0", "-0", "-1", "9223372036854775807", "-9223372036854775808",
            "9223372036854775808", "0.5", "5.0", "-1.25e-3", "1E+2", "1e2", #""""#, #""plain""#, #""é 😀 \u0000""#,
            #""\"\\\/\b\f\n\r\t""#, #""\u00e9\u00E9""#, #""\ud83d\ude00""#, "[]", "[ ]",
            "[1, [2,[3]] ,\"x\"]", "{}", "{ }",
            #"{"a":1,"b":{"c":[null,true]}, "":2}"#,
        ]
    )
    func valid(text: String) throws {
        let expected = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        // Foundation decodes 5.0 as an integer.
        let parsed = try JSONParser.parse(text)
        #expect(parsed == expected || parsed.integer == expected.integer && parsed.integer != nil)
    }

    @Test(
        "text that is not JSON is rejected, and the error names the position of the first fault",
        arguments: [
            ("", "expected a value at byte 0"), ("  ", "expected a value at byte 2"),
            ("nul", "expected a value at byte 0"), ("True", "expected a value at byte 0"),
            ("[1,]", "expected a value at byte 3"), (#"{"a":1,}"#, "expected a key in double quotes at byte 7"),
            ("[1 2]", "expected ',' or ']' at byte 3"), (#"{"a" 1}"#, "expected ':' at byte 5"),
            (#"{"a":1 "b":2}"#, "expected ',' or '}' at byte 7"),
            ("{a:1}", "expected a key in double quotes at byte 1"),
            ("[1]]", "unexpected text after the value at byte 3"), ("1 2", "unexpected text after the value at byte 2"),
            ("[", "expected a value at byte 1"), ("{", "expected a key in double quotes at byte 1"),
            (#""open"#, "unterminated string at byte 5"), (#""\"#, "unterminated string at byte 2"),
            ("\"a\nb\"", "unescaped control character in a string at byte 2"),
            (#""\x""#, "invalid escape in a string at byte 3"),
            (#""\u12g4""#, "invalid escape in a string at byte 5"),
            (#""\ud83d""#, "unpaired surrogate at byte 7"), (#""\ude00""#, "unpaired surrogate at byte 7"),
            (#""\ud83d\ud83d""#, "unpaired surrogate at byte 13"),
            ("01", "unexpected text after the value at byte 1"), ("-", "expected a digit at byte 1"),
            ("1.", "expected a digit at byte 2"), (".5", "expected a value at byte 0"),
            ("+1", "expected a value at byte 0"),
            ("1e", "expected a digit at byte 2"), ("1e400", "number out of range at byte 5"),
            ("NaN", "expected a value at byte 0"), ("'a'", "expected a value at byte 0"),
            ("//", "expected a value at byte 0"),
            (#"{"a":1,"a":2}"#, "duplicate key at byte 12"),
            (#"{"a":1,"\u0061":2}"#, "duplicate key at byte 17"),
            // The same character, precomposed and decomposed.
            (#"{"\u00e9":1,"e\u0301":2}"#, "duplicate key at byte 23"),
        ]
    )
    func invalid(text: String, message: String) throws {
        let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
        #expect(error?.description == message)
    }

    @Test(
        "a byte order mark and bytes that are not UTF-8 are rejected",
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0x5C, 0x6E, 0xC3, 0x22], [0xEF, 0xBB, 0xBF, 0x31], [0xFE, 0xFF, 0x00, 0x31],
            [0x31, 0x00], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
        ] as [[UInt8]]
    )
    func encoding(bytes: [UInt8]) {
        #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(bytes) }
    }

    @Test("arrays and objects may be nested 32 deep", arguments: ["[", #"{"a":"#])
    func depth(open: String) throws {
        let close = open == "[" ? "]" : "}"
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth) + (open == "[" ? "" : "1") + String(repeating: close, count: depth)
        }
        #expect(throws: Never.self) { try JSONParser.parse(nested(JSONParser.maximumDepth)) }
        let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(nested(JSONParser.maximumDepth + 1)) }
        #expect(error?.problem == "arrays and objects are nested more than 32 levels deep")
        #expect(error?.offset == JSONParser.maximumDepth * open.utf8.count)
        // The limit does not apply to the number of siblings.
        let siblings = Array(repeating: nested(31), count: 9).joined(separator: ",")
        #expect(throws: Never.self) { try JSONParser.parse("[\(siblings)]") }
    }

    @Test(
        "a string has at most 255 combining marks in a row, because longer rows take too long to compare",
        arguments: ["\u{301}\u{327}", #"\u0301\u0327"#]
    )
    func marks(pair: String) {
        let most = String(repeating: pair, count: 127)
        for text in ["\"e\(most)\"", "{\"e\(most)\":1,\"o\(most)\":[\"\(most)\"]}"] {
            #expect(throws: Never.self) { try JSONParser.parse(text) }
        }
        let more = String(repeating: pair, count: 128)
        for text in ["\"e\(more)\"", "{\"e\(more)\":1}", "[{\"a\":{\"e\":\"\(more)\"}}]"] {
            let error = #expect(throws: JSONSyntaxError.self) { try JSONParser.parse(text) }
            #expect(error?.problem == "more than 255 combining marks in a row")
        }
    }

    @Test("any text that the parser accepts is written and parsed again as the same value")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 20_261_129)
        for _ in 0..<2000 {
            let value = Self.value(depth: 4, using: &generator)
            #expect(try JSONParser.parse(value.text) == value)
        }
    }

    @Test("a damaged text is accepted only if Foundation accepts it, except for some valid exponents")
    func damaged() throws {
        var generator = SeededGenerator(seed: 20_261_129)
        for _ in 0..<2000 {
            var bytes = Array(Self.value(depth: 4, using: &generator).text.utf8)
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = "[]{}\",:\\0eu-".utf8.randomElement(using: &generator) ?? 0
                case 1: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                default: bytes.remove(at: index)
                }
                if bytes.isEmpty { break }
            }
            guard let parsed = try? JSONParser.parse(bytes) else { continue }
            let text = String(decoding: bytes, as: UTF8.self)
            do {
                let expected = try JSONDecoder().decode(JSONValue.self, from: Data(bytes))
                #expect(parsed.withDoubles == expected.withDoubles, "\(text)")
            } catch {
                // Foundation refuses some valid numbers with an exponent, such as 0e5 and 1e-400.
                #expect(text.contains(/[0-9][eE][-+]?[0-9]/), "\(text)")
            }
        }
    }

    private static func value(depth: Int, using generator: inout some RandomNumberGenerator) -> JSONValue {
        let count = Int.random(in: 0...3, using: &generator)
        switch Int.random(in: 0..<(depth == 0 ? 5 : 7), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .integer(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .number(Double.random(in: -1e9...1e9, using: &generator) + 0.5)
        case 4: return .string(string(using: &generator))
        case 5: return .array((0..<count).map { _ in value(depth: depth - 1, using: &generator) })
        default:
            let fields = (0..<count).map { _ in
                (string(using: &generator), value(depth: depth - 1, using: &generator))
            }
            return .object(Dictionary(fields) { first, _ in first })
        }
    }

    private static func string(using generator: inout some RandomNumberGenerator) -> String {
        let scalars: [Unicode.Scalar] = ["a", "\"", "\\", "\n", "\0", "é", "\u{301}", "😀", "/", "\u{7F}"]
        return String(
            String.UnicodeScalarView(
                (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                    scalars.randomElement(using: &generator) ?? "a"
                }
            )
        )
    }
}
