import Foundation
import PontoonCore
import Testing

struct VisibleTextTests {
    @Test(
        "characters that a terminal interprets, or that hide or reorder text, are shown as their code points",
        arguments: [
            ("\u{1B}[31mred", "<U+001B>[31mred"), ("a\rb\nc\td\u{7}\0", "a<U+000D>b<U+000A>c<U+0009>d<U+0007><U+0000>"),
            ("\u{9B}2J\u{7F}", "<U+009B>2J<U+007F>"), ("invoice\u{202E}gpj.exe", "invoice<U+202E>gpj.exe"),
            ("\u{2066}a\u{2069}\u{61C}\u{200E}\u{200F}", "<U+2066>a<U+2069><U+061C><U+200E><U+200F>"),
            ("a\u{2028}b\u{2029}c\u{200B}d\u{FEFF}e\u{AD}", "a<U+2028>b<U+2029>c<U+200B>d<U+FEFF>e<U+00AD>"),
            ("\u{E0041}", "<U+E0041>"),
        ]
    )
    func hidden(text: String, shown: String) { #expect(text.visible == shown) }

    @Test(
        "all other text is shown unchanged",
        arguments: [
            "", "reads_1.fastq.gz", "Größe 漢字 עברית العربية", "می\u{200C}خواهم", "👩\u{200D}🔬 e\u{301} ☺\u{FE0F}",
            "<>\"'\\\u{A0}",
        ]
    )
    func plain(text: String) { #expect(text.visible == text) }

    @Test(
        "in JSON, such characters are escaped, so the value stays the same",
        arguments: ["\u{1B}\u{9B}\u{202E}", "\u{E0041}x\u{2028}"]
    )
    func json(text: String) throws {
        let encoded = String(decoding: try JSONEncoder().encode([text]), as: UTF8.self).escapedForJSON
        #expect(encoded.visible == encoded)
        #expect(try JSONDecoder().decode([String].self, from: Data(encoded.utf8)) == [text])
    }
}
