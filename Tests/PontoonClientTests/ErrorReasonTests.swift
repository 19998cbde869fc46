import Foundation
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonClient

struct ErrorReasonTests {
    @Test("the reason why a file cannot be read is a phrase, not a value of Swift")
    func phrases() async throws {
        try await withTemporaryFolder { folder in
            let missing = URL(filePath: folder.appending("missing").string)
            #expect(reason { _ = try Data(contentsOf: missing) } == "No such file or directory")
            #expect(reason { _ = try Data(contentsOf: URL(filePath: folder.string)) } == "Is a directory")
            let file = URL(filePath: folder.appending("file").string)
            try Data([0xFF, 0xFE, 0xFF]).write(to: file)
            #expect(reason { _ = try String(contentsOf: file, encoding: .utf8) } == "it is not valid UTF-8")
            let text = reason { _ = try JSONDecoder().decode([Int].self, from: Data("{}".utf8)) }
            #expect(text == "its contents are not in the expected format")
            #expect(reason { throw Errno.permissionDenied } == "Permission denied")
        }
    }

    private func reason(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("text is trimmed of white space and line breaks at its ends only")
    func trimmed() {
        for (text, expected) in [("", ""), (" \t\r\n", ""), (" a b\n", "a b"), ("\u{A0}a\u{2003}", "a"), ("a", "a")] {
            #expect(text.trimmed == expected)
        }
    }
}
