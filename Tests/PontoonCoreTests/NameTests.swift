import PontoonCore
import Testing

struct NameTests {
    @Test(
        "invalid file names are rejected",
        arguments: [
            "", ".", "..", "a/b", "/", "a\0", "a\n", "a\u{7F}", "a\u{85}", String(repeating: "x", count: 256),
            String(repeating: "e\u{301}", count: 128),
        ]
    )
    func badFileNames(name: String) {
        #expect(FileName.problem(with: name) != nil)
    }

    @Test("a long name with many combining marks is not compared", .timeLimit(.minutes(1)))
    func manyMarks() {
        // Comparing a name with this many marks would take several minutes.
        let marks = String(repeating: "\u{301}\u{327}", count: 60_000)
        #expect(FileName.problem(with: marks) != nil)
        #expect(FileName.problem(with: "__" + marks, kind: .folder) != nil)
    }

    @Test(
        "valid file names are kept unchanged",
        arguments: [
            "a", "...", ".a", "a b", "a+b%20#?&", "\"q'\\", "ä", "a\u{308}", "日本", "👩‍👩‍👧",
            String(repeating: "x", count: 255),
        ]
    )
    func goodFileNames(name: String) {
        #expect(FileName.problem(with: name) == nil)
    }

    @Test(
        "a project's short name is derived from its name",
        arguments: [
            ("My Project", 0, "my-project"), ("My Project", 2, "my-project_2"), ("A_b C!d", 0, "a-b-cd"),
            ("日本", 0, "project"),
            ("", 1, "project_1"),
        ]
    )
    func shortNames(name: String, attempt: Int, expected: String) {
        #expect(ShortName.derive(from: name, attempt: attempt) == expected)
    }

    @Test("a project id that does not have two parts is rejected", arguments: ["", "a", "a/", "/b", "a/b/c", "//"])
    func badProjectIDs(text: String) {
        #expect(ProjectID(text) == nil)
    }

    @Test(
        "one pair of quotes is removed from a reported ETag",
        arguments: [
            ("abc", "abc"), ("\"abc\"", "abc"), ("\"\"abc\"\"", "\"abc\""), ("\"", "\""), ("\"\"", ""),
        ]
    )
    func tags(given: String, expected: String) throws {
        #expect(PartReport(number: try PartNumber(1), etag: given).etag == expected)
    }

    @Test(
        "a base URL ends after the port",
        arguments: [
            ("http://h:1", "http://h:1"), ("https://h/v2/", "https://h"), ("http://h/prefix//", "http://h/prefix"),
            ("http://[::1]:80", "http://[::1]:80"), ("http://h//v2/", "http://h"), ("http://h/v2//", "http://h"),
        ]
    )
    func baseURLs(given: String, expected: String) {
        #expect(BaseURL(given)?.description == expected)
    }

    @Test(
        "invalid base URLs are rejected",
        arguments: ["", "h:1", "ftp://h", "http://", "http://h?x", "http://u@h", "http://a b"]
    )
    func badBaseURLs(text: String) {
        #expect(BaseURL(text) == nil)
    }
}
