import Testing

@testable import PontoonClient

struct PathPatternTests {
    /// Returns the paths that a pattern matches.
    ///
    /// Paths with a slash at the end are folders.
    private func matches(_ pattern: String, _ paths: [String]) throws -> [String] {
        let pattern = try PathPattern(pattern)
        return paths.filter { path in
            pattern.matches(path.split(separator: "/").map(String.init), isFolder: path.hasSuffix("/"))
        }
    }

    @Test(
        "patterns match as in .gitignore, and braces as in rclone",
        arguments: [
            ("logs", ["logs", "logs/", "a/logs/"]), ("logs/", ["logs/", "a/logs/"]), ("/logs", ["logs", "logs/"]),
            ("./logs", ["logs", "logs/"]), ("./logs/", ["logs/"]), ("/logs/", ["logs/"]),
            ("lo*/", ["logs/", "a/logs/"]),
            ("a/logs", ["a/logs/"]), ("a//logs", ["a/logs/"]), ("**/logs", ["logs", "logs/", "a/logs/"]),
            ("logs/**", ["logs/x", "logs/d/x"]), ("logs/*", ["logs/x"]), ("**/x", ["logs/x", "logs/d/x"]),
            ("logs/**/x", ["logs/x", "logs/d/x"]), ("/**/x", ["logs/x", "logs/d/x"]), ("/*", ["logs", "logs/", "é"]),
            ("?", ["logs/x", "logs/d/x", "é"]), ("[é]", ["é"]), ("{logs,x}/", ["logs/", "a/logs/"]),
            ("{a/logs,/é}", ["a/logs/", "é"]), ("{lo{gs,x},none}", ["logs", "logs/", "a/logs/"]),
            ("/l{o,x}gs", ["logs", "logs/"]), ("none", []), ("x/", []), ("LOGS", []),
        ] as [(String, [String])]
    )
    func matching(pattern: String, expected: [String]) throws {
        #expect(try matches(pattern, ["logs", "logs/", "a/logs/", "logs/x", "logs/d/x", "é"]) == expected)
    }

    @Test("** alone matches everything, and a backslash makes a character literal")
    func special() throws {
        #expect(try matches("**", ["a", "b/", "b/c"]) == ["a", "b/", "b/c"])
        #expect(try matches("a\\*", ["a*", "ab"]) == ["a*"])
        #expect(try matches("\\{a,b}", ["{a,b}", "a"]) == ["{a,b}"])
        #expect(try matches("\\!a", ["!a", "a"]) == ["!a"])
        #expect(try matches("a}", ["a}"]) == ["a}"])
    }

    @Test(
        "a pattern that is invalid or can match nothing is refused",
        arguments: [
            "", "/", ".", "./", "..", "../a", "a/../b", "!a", "{a,b", "a\\", "{a,..}",
            "{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}{1,2}",
        ]
    )
    func refused(pattern: String) {
        #expect(throws: ClientError.self) { try PathPattern(pattern) }
    }

    @Test("a filter selects files by the rules for the folders that contain them")
    func filter() throws {
        var filter = try PathFilter(include: ["/a/", "*.bam"], exclude: ["tmp/", "*.log"])
        let paths = ["a/x", "a/b/y", "a/tmp/x", "b/x", "b/x.bam", "tmp/x.bam", "x.log", "a/x.log", "a"]
        let selected = paths.filter { filter.selects($0.split(separator: "/").map(String.init)) }
        #expect(selected == ["a/x", "a/b/y", "b/x.bam"])
        #expect(filter.warnings.isEmpty)
    }
}
