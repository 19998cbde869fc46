import PontoonCore
import Testing

struct CombiningMarkTests {
    private static let limit = CombiningMarks.limit

    /// Returns combining marks of different classes, which Swift must sort to compare strings.
    private static func marks(_ count: Int, _ marks: String = "\u{301}\u{327}") -> String {
        let scalars = Array(marks.unicodeScalars)
        var text = String.UnicodeScalarView()
        for index in 0..<count { text.append(scalars[index % scalars.count]) }
        return String(text)
    }

    @Test(
        "more than 255 combining marks in a row are too many",
        arguments: ["\u{301}\u{327}", "\u{344}\u{327}", "\u{F73}\u{327}", "\u{F75}\u{F81}", "\u{1D165}\u{1D16D}"]
    )
    func limit(marks: String) {
        let (most, more) = (Self.marks(Self.limit, marks), Self.marks(Self.limit + 1, marks))
        #expect(CombiningMarks.areFew(in: most) && CombiningMarks.areFew(in: "a\(most)b\(most)"))
        #expect(!CombiningMarks.areFew(in: more) && !CombiningMarks.areFew(in: "a\(most)b\(more)c"))
    }

    @Test(
        "in JSON, escaped marks count as well",
        arguments: [
            ["\u{301}", "\u{327}"], [#"\u0301"#, #"\u0327"#], ["\u{301}", #"\u0327"#], [#"\uD834\uDD65"#, #"\u0327"#],
        ]
    )
    func json(marks: [String]) {
        func text(_ count: Int) -> [UInt8] {
            Array("[\"\\\\e\((0..<count).map { marks[$0 % 2] }.joined())\"]".utf8)
        }
        #expect(CombiningMarks.areFew(inJSON: text(Self.limit)))
        #expect(!CombiningMarks.areFew(inJSON: text(Self.limit + 1)))
    }

    @Test(
        "other JSON is not limited",
        arguments: ["a", #"\\u0301"#, #"\u0041"#, #"\ud83d\ude00"#, #"\n\u"#, #"e\u0301"#, "\u{1F468}\u{200D}", "{}"]
    )
    func otherJSON(text: String) {
        #expect(CombiningMarks.areFew(inJSON: Array(String(repeating: text, count: 1000).utf8)))
    }

    @Test(
        "other text is not limited",
        arguments: ["", "a", "\u{E9}", "e\u{301}", "\u{AC01}", "\u{1F468}\u{200D}", "\u{1161}", "\u{9BE}"]
    )
    func other(text: String) {
        #expect(CombiningMarks.areFew(in: String(repeating: text, count: 10_000)))
    }
}
