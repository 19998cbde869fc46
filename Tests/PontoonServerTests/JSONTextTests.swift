import Foundation
import NIOCore
import PontoonCore
import Testing

@testable import PontoonServer

@Suite("JSON that is written piece by piece")
struct JSONTextTests {
    @Test(
        "is what the encoder would write",
        arguments: [
            "", "plain", "/storage/parts/x/1?a=b&c=%20", "quote \" and \\ back",
            "tab\t line\n return\r bell\u{7} \u{8}\u{c}",
            "\u{0}\u{1f}\u{7f}", "ünï ☃ 😀", "\u{2028}<script>",
        ]
    )
    func equality(text: String) throws {
        let request = SignedRequest(
            method: "PUT",
            url: "http://127.0.0.1:8080/\(text)",
            expires: Date(timeIntervalSince1970: 1_700_000_000),
            headers: ["b\(text)": "1", "a": text, "c": ""],
            reportHeaders: ["ETag", text]
        )
        try expectEqual(PartInfoBody(request))
        try expectEqual(PartInfoBody(request, of: try PartNumber(17)))
        try expectEqual(PartReportBody(number: try PartNumber(10_000), etag: text))
        try expectEqual(PartReportBody(number: try PartNumber(1), etag: text, href: text))
    }

    private func expectEqual(_ value: some JSONTextConvertible) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        #expect(String(buffer: JSONText(value).buffer) == String(decoding: try encoder.encode(value), as: UTF8.self))
    }
}
