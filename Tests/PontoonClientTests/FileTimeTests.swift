import Testing

@testable import PontoonClient

/// Modification times in the metadata of files.
struct FileTimeTests {
    @Test(
        "a time is written with nanoseconds in UTC, and read again",
        arguments: [
            (0, "1970-01-01T00:00:00.000000000Z"), (1, "1970-01-01T00:00:00.000000001Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"), (-1_000_000_000, "1969-12-31T23:59:59.000000000Z"),
            (1_000_000_000_012_345_678, "2001-09-09T01:46:40.012345678Z"),
            (9_199_999_999_999_999_999, "2261-07-15T11:33:19.999999999Z"),
            (-9_199_999_999_000_000_000, "1678-06-18T12:26:41.000000000Z"),
        ] as [(Int64, String)]
    )
    func written(time: Int64, text: String) {
        #expect(FileTime.text(time) == text)
        #expect(FileTime.nanoseconds(text) == time)
    }

    @Test(
        "other notations are read, and invalid texts and times out of range are not",
        arguments: [
            ("1970-01-01T00:00:01Z", 1_000_000_000), ("1970-01-01T00:00:01.5Z", 1_500_000_000),
            ("1970-01-01T01:00:00+01:00", 0), ("", nil), ("yesterday", nil), ("1970-01-01T00:00:01", nil),
            ("1970-01-01T00:00:01.Z", nil), ("1970-01-01T00:00:01.0123456789Z", nil), ("1970-01-01T00:00:01.5", nil),
            ("9999-12-31T23:59:59Z", nil), ("0001-01-01T00:00:00Z", nil), ("1970-01-01T00:00:01.٣Z", nil),
            ("1970-13-01T00:00:01Z", nil), (String(repeating: "1", count: 41), nil),
        ] as [(String, Int64?)]
    )
    func read(text: String, time: Int64?) {
        #expect(FileTime.nanoseconds(text) == time)
    }
}
