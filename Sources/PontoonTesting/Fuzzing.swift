import Foundation

/// Random inputs for a parser: valid texts with a few random changes.
///
/// No input may crash the process. If the parser accepts an input, a test also checks the parsed value.
package enum Fuzzing {
    /// Texts that parsers treat specially: limits of integers, delimiters, white space, and invalid or invisible
    /// characters.
    private static let words = [
        "0", "-1", "1e999", "-0.0", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
        "99999999999999999999999999", "\0", "\n", "\r\n", "\t", " ", "\"", "'", "\\", "\\u0000", "\\ud800", "/", "..",
        ",", ":", ";", "=", "&", "?", "#", "%", "%00", "%2F", "%", "+", "-", "{", "}", "[", "]", "<", ">", "<![CDATA[",
        "&lt;", "&#0;", "\u{FEFF}", "\u{202E}", "e\u{301}", "\u{10FFFF}", "null", "true",
    ].map { Array($0.utf8) }

    /// Calls `body` with each of the texts, and then with randomly changed copies of them.
    ///
    /// `TEST_FUZZ_ROUNDS` and `TEST_FUZZ_SEED` set the number of copies and the seed; see docs/testing.md.
    ///
    /// - Parameters:
    ///   - corpus: Valid texts; at least one.
    ///   - rounds: Number of changed copies if `TEST_FUZZ_ROUNDS` is not set.
    ///   - body: Parses an input, and catches the errors that the parser may throw.
    /// - Throws: Any error that `body` throws.
    package static func run(_ corpus: [String], rounds: Int = 2000, _ body: ([UInt8]) throws -> Void) rethrows {
        let environment = ProcessInfo.processInfo.environment
        let seed = environment["TEST_FUZZ_SEED"].flatMap { UInt64($0) } ?? 20_261_127
        let count = environment["TEST_FUZZ_ROUNDS"].flatMap { Int($0) } ?? rounds
        var generator = SeededGenerator(seed: seed)
        let texts = corpus.map { Array($0.utf8) }
        for text in texts { try body(text) }
        for _ in 0..<max(0, count) {
            guard var input = texts.randomElement(using: &generator) else { return }
            for _ in 0..<Int.random(in: 1...4, using: &generator) { damage(&input, texts, using: &generator) }
            try body(input)
        }
    }

    private static func damage(_ input: inout [UInt8], _ texts: [[UInt8]], using generator: inout SeededGenerator) {
        let index = Int.random(in: 0...input.count, using: &generator)
        let end = min(input.count, index + Int.random(in: 0...8, using: &generator))
        switch Int.random(in: 0..<7, using: &generator) {
        case 0: input.replaceSubrange(index..<end, with: words.randomElement(using: &generator) ?? [])
        case 1: input.insert(contentsOf: words.randomElement(using: &generator) ?? [], at: index)
        case 2: input.removeSubrange(index..<end)
        case 3: input.insert(contentsOf: Array(input[index..<end]), at: index)
        case 4: input.replaceSubrange(index..<end, with: [UInt8.random(in: 0...255, using: &generator)])
        case 5: input.removeSubrange(index...)
        default:
            // Replaces the end of the input with the end of another text.
            let other = texts.randomElement(using: &generator) ?? []
            let start = Int.random(in: 0...other.count, using: &generator)
            input.replaceSubrange(index..., with: other[start...])
        }
    }
}
