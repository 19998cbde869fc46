import PontoonCore
import PontoonTesting
import Testing

struct ScrollTokenTests {
    @Test(
        "a token holds any name and is safe in a URL",
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

    @Test("without a token, and with the first one, a scroll begins")
    func beginning() throws {
        #expect(try ScrollToken(nil) == .beginning)
        #expect(try ScrollToken("init") == .beginning)
        #expect(ScrollToken.beginning.text == "init")
    }

    @Test(
        "other texts are refused",
        arguments: ["", "x", "INIT", "n1", "n1!", "n1_w", "n1Lw", "n1AA", "n2YQ", "n1YQ=="]
    )
    func malformed(text: String) throws {
        #expect { try ScrollToken(text) } throws: { ($0 as? PontoonError)?.code == .badRequest }
    }
}

struct NumberedNameTests {
    @Test("the name itself first, then with a number", arguments: [(0, "a.b"), (1, "1_a.b"), (12, "12_a.b")])
    func candidates(attempt: Int, expected: String) throws {
        #expect(try NumberedName.candidate("a.b", attempt: attempt) == expected)
    }

    @Test("a name that a number makes too long is refused")
    func tooLong() throws {
        let longest = String(repeating: "x", count: FileName.maximumScalars - 2)
        #expect(try NumberedName.candidate(longest, attempt: 9) == "9_" + longest)
        #expect { try NumberedName.candidate(longest, attempt: 10) } throws: {
            ($0 as? PontoonError)?.code == .fileNameInvalid
        }
    }
}
