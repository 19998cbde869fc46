import PontoonCore
import Testing

struct NumberedNameTests {
    @Test("numbered names start with the name itself", arguments: [(0, "a.b"), (1, "1_a.b"), (12, "12_a.b")])
    func candidates(attempt: Int, expected: String) throws {
        #expect(try NumberedName.candidate("a.b", attempt: attempt) == expected)
    }

    @Test("a name that becomes too long with its number is refused")
    func tooLong() throws {
        let longest = String(repeating: "x", count: FileName.maximumScalars - 2)
        #expect(try NumberedName.candidate(longest, attempt: 9) == "9_" + longest)
        #expect { try NumberedName.candidate(longest, attempt: 10) } throws: {
            ($0 as? PontoonError)?.code == .fileNameInvalid
        }
    }
}
