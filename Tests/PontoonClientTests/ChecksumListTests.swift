import Foundation
import SystemPackage
import Testing

@testable import PontoonClient

/// Reading and writing checksum files.
struct ChecksumListTests {
    private static let hex = "d41d8cd98f00b204e9800998ecf8427e"

    @Test(
        "lines in the styles of GNU, BSD and OpenSSL are read",
        arguments: [
            ("\(hex)  a b.bam", "a b.bam"), ("\(hex) *a", "a"), ("\(hex) a", "a"), ("\(hex.uppercased())  a", "a"),
            ("\(hex)   a", " a"), ("\(hex)  a\r", "a"), ("\\\(hex)  a\\\\b\\nc\\rd", "a\\b\nc\rd"),
            ("\(hex)  a\\nb", "a\\nb"), ("MD5 (a) (b) = \(hex)", "a) (b"), ("MD5(a)= \(hex)", "a"),
            ("\\MD5 (a\\nb) = \(hex)", "a\nb"), ("\(hex)  ä", "ä"), ("\u{FEFF}\(hex)  a", "a"),
        ]
    )
    func styles(line: String, name: String) throws {
        // A byte order mark is recognized only at the start of the file.
        let start = line.hasPrefix("\u{FEFF}") ? "" : "# comment\n\n"
        let data = Data("\(start)\(line)\n".utf8)
        let list = try ChecksumList(data, format: .md5sum, name: "sums")
        #expect(list.entries == [ChecksumList.Entry(path: FilePath(name), checksum: Self.hex)])
    }

    @Test("in lists that are separated by null characters, backslashes are literal")
    func nullCharacters() throws {
        let data = Data("\(Self.hex)  a\\\\\nb\0\(Self.hex)  c\0".utf8)
        let list = try ChecksumList(data, format: .md5sum, name: "sums")
        #expect(list.entries.map(\.path) == ["a\\\\\nb", "c"])
    }

    @Test(
        "an invalid line is an error that contains the line number",
        arguments: [
            "\(hex)", "\(hex)  ", "\(hex)x  a", String(hex.dropLast()) + "  a", String(hex.dropLast()) + "g  a",
            "SHA256 (a) = \(hex)", "MD5 (a) =\(hex)", "MD5 () = \(hex)", "\\\(hex)  a\\x", "\\\(hex)  a\\", "text",
            String(repeating: "0", count: 64) + "  a",
        ]
    )
    func invalid(line: String) throws {
        let error = try #require(throws: ClientError.self) {
            try ChecksumList(Data("\(Self.hex)  first\n\(line)\n".utf8), format: .md5sum, name: "sums")
        }
        #expect(error.code == .requestInvalid && error.message.contains("Line 2 of 'sums'"), "\(error)")
    }

    @Test("an empty list is an error", arguments: ["", "\n\n", "# nothing\n"])
    func empty(text: String) {
        #expect(throws: ClientError.self) { try ChecksumList(Data(text.utf8), format: .sha256sum, name: "sums") }
    }

    @Test("every name that is written can be read again", arguments: ChecksumFormat.allCases)
    func roundTrip(format: ChecksumFormat) throws {
        let checksum = String(repeating: "a", count: format.digits)
        let bytes: [UInt8] = [0x61, 0xFF, 0x0A, 0x62, 0]
        let notText = bytes.map { CChar(bitPattern: $0) }.withUnsafeBufferPointer { pointer in
            pointer.baseAddress.map { FilePath(platformString: $0) }
        }
        let names: [FilePath] = [
            "a", " a", "a ", "*a", "#a", "a\nb", "a\rb", "a\\b", "a\\nb", "\\", "ä", "a) = b", try #require(notText),
        ]
        let entries = names.map { ChecksumList.Entry(path: $0, checksum: checksum) }
        let data = Data(entries.map { ChecksumList.line($0) + [0x0A] }.joined())
        #expect(try ChecksumList(data, format: format, name: "sums").entries == entries)
    }
}
