import Testing

@testable import PontoonServer

@Suite(.timeLimit(.minutes(10)))
struct DownloadTests {
    @Test(
        "ranges of a file of 100 bytes are parsed",
        arguments: [
            ("bytes=0-9", .range(0..<10)), ("bytes=90-", .range(90..<100)), ("bytes=-10", .range(90..<100)),
            ("bytes=-1000", .range(0..<100)), ("bytes=99-5000", .range(99..<100)), ("bytes=0-0", .range(0..<1)),
            ("bytes=100-", .unsatisfiable), ("bytes=500-600", .unsatisfiable), ("bytes=-0", .unsatisfiable),
            ("bytes=9-5", .whole), ("bytes=a-b", .whole), ("bytes=", .whole), ("bytes=-", .whole),
            ("items=0-1", .whole),
            ("bytes=0-1,5-6", .whole), ("bytes=--5", .whole), ("bytes=1-2-3", .whole),
            ("bytes=-9223372036854775809", .whole), ("bytes=+0-5", .whole), ("bytes=0-+5", .whole),
            ("bytes=-+5", .whole),
        ] as [(String, Validators.Outcome)]
    )
    func ranges(header: String, expected: Validators.Outcome) {
        #expect(Validators.parse(header, size: 100) == expected)
    }

    @Test("an empty file has no ranges", arguments: ["bytes=0-", "bytes=0-0", "bytes=-1"])
    func emptyFile(header: String) {
        #expect(Validators.parse(header, size: 0) == .unsatisfiable)
    }
}
