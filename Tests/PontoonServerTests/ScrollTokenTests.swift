import PontoonCore
import Testing

@testable import PontoonServer

struct ScrollTokenTests {
    @Test(
        "a token encodes any name and is safe in a URL",
        arguments: [
            "a", "ab", "abc", "abcd", "a b+c?d", "ä", "e\u{301}", "🧬🧬", "~~~>>>???",
            "init", "n1", String(repeating: "\u{10FFFF}", count: 255),
        ]
    )
    func roundTrip(name: String) throws {
        let token = ScrollToken(after: name)
        let read = try ScrollToken(token.text)
        #expect(read.after.map { Array($0.utf8) } == Array(name.utf8))
        #expect(token.text.wholeMatch(of: /[A-Za-z0-9_-]+/) != nil)
        #expect(token.text != "init")
    }

    @Test("a scroll starts without a token or with the initial one")
    func beginning() throws {
        #expect(try ScrollToken(nil) == .beginning)
        #expect(try ScrollToken("init") == .beginning)
        #expect(ScrollToken.beginning.text == "init")
    }

    @Test("a long name with many combining marks in a token is not compared", .timeLimit(.minutes(1)))
    func manyMarks() {
        let token = ScrollToken(after: String(repeating: "\u{301}\u{327}", count: 60_000)).text
        #expect { try ScrollToken(token) } throws: { ($0 as? PontoonError)?.code == .badRequest }
    }

    @Test(
        "invalid tokens are rejected",
        arguments: ["", "x", "INIT", "n1", "n1!", "n1_w", "n1Lw", "n1AA", "n2YQ", "n1YQ=="]
    )
    func malformed(text: String) throws {
        #expect { try ScrollToken(text) } throws: { ($0 as? PontoonError)?.code == .badRequest }
    }
}
