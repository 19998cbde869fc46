import Foundation
import NIOCore
import PontoonCore
import Testing

@testable import PontoonServer

struct WireTests {
    @Test("null, {} and [] are accepted as bodies without data", arguments: ["null", "{}", "[]"])
    func noData(text: String) throws {
        #expect(try RequestObject(try parse(text), code: .badRequest).fields.isEmpty)
    }

    @Test("other bodies that are not objects are rejected", arguments: ["[1]", "1", "\"a\"", "true"])
    func notObjects(text: String) throws {
        let value = try parse(text)
        let error = #expect(throws: PontoonError.self) { try RequestObject(value, code: .initializeInvalid) }
        #expect(error?.code == .initializeInvalid)
    }

    @Test(
        "fields can be selected, excluded and nested",
        arguments: [
            ("id", ["href", "id"]), ("id,nope", ["href", "id"]), ("!size", ["href", "id", "metadata"]),
            ("metadata.a", ["href", "metadata"]), ("_all", ["href", "id", "metadata", "size"]),
            ("_all,!id", ["href", "metadata", "size"]),
        ]
    )
    func fields(text: String, expected: [String]) throws {
        let whole = try parse(#"{"href":"h","id":"i","size":1,"metadata":{"a":"x","b":"y"}}"#)
        let written = try parse(String(buffer: JSONWriter(whole, fields: FieldSelection(text)).buffer))
        guard case .object(let chosen) = written else {
            Issue.record("\(written)")
            return
        }
        #expect(chosen.keys.sorted() == expected)
        if text == "metadata.a" { #expect(chosen["metadata"] == .object(["a": .string("x")])) }
    }

    @Test("without a selection a list shows its default fields")
    func defaultFields() throws {
        let whole = try parse(#"{"href":"h","id":"i","size":1}"#)
        let chosen = JSONWriter(whole, fields: FieldSelection(nil, defaults: ["id"])).buffer
        #expect(String(buffer: chosen) == #"{"href":"h","id":"i"}"#)
    }

    @Test(
        "an MD5 must have 32 ASCII hex digits",
        arguments: ["", "a", String(repeating: "g", count: 32), String(repeating: "\u{FF10}", count: 10) + "ab"]
    )
    func badMD5(text: String) throws {
        let value = JSONValue.object(["project": .string("a/b"), "name": .string("a"), "md5": .string(text)])
        let error = #expect(throws: PontoonError.self) { try InitializeRequest(value) }
        #expect(error?.code == .initializeInvalid)
    }

    @Test(
        "times are accepted with a zone and a fraction, but not with fields that are out of range",
        arguments: [
            ("2026-12-31T23:59:59Z", 1_798_761_599), ("2026-12-31T23:59:59.5Z", 1_798_761_599.5),
            ("2027-01-01T01:59:59+02:00", 1_798_761_599), ("2028-02-29T00:00:00Z", 1_835_395_200),
            ("2027-02-29T00:00:00Z", nil), ("2027-02-30T00:00:00Z", nil), ("2027-13-01T00:00:00Z", nil),
            ("2027-01-01T25:00:00Z", nil), ("2027-01-01T00:61:00Z", nil), ("2027-01-01T23:59:61Z", nil),
            ("2027-01-01T00:00:00Zx", nil), ("2027-01-01T00:00:00-00:61", nil), ("2027-01-01T00:00:00+0200", nil),
            ("2027-01-01", nil), ("", nil),
        ] as [(String, Double?)]
    )
    func times(text: String, seconds: Double?) {
        #expect(Timestamp.date(text)?.timeIntervalSince1970 == seconds)
    }

    @Test("timestamps have no fractional seconds and end in Z")
    func timestamps() throws {
        let written = JSONWriter([Timestamp(Date(timeIntervalSince1970: 1_456_585_338.9))]).buffer
        #expect(String(buffer: written) == #"["2016-02-27T15:02:18Z"]"#)
    }

    @Test(
        "a report has a part number and an ETag",
        arguments: [
            (#"{"part_number":3,"response":{"headers":{"etag":"\"x\""}}}"#, 3, "x"),
            (#"{"part_number":3.0,"response":{"headers":{"A":1,"ETAG":"y"},"body":{}}}"#, 3, "y"),
        ]
    )
    func reports(text: String, number: Int, etag: String) throws {
        #expect(try PartReport(try parse(text)) == PartReport(number: try PartNumber(number), etag: etag))
    }

    @Test(
        "invalid reports are rejected, naming the field",
        arguments: [
            ("[]", .reportInvalid), (#"{"part_number":0,"response":{"headers":{"ETag":"x"}}}"#, .partNumberInvalid),
            (#"{"part_number":"1"}"#, .partNumberInvalid), (#"{"part_number":1}"#, .reportInvalid),
            (#"{"part_number":1,"response":{"headers":{"ETag":""}}}"#, .reportInvalid),
            (#"{"part_number":1,"response":{"headers":{"ETag":null}}}"#, .reportInvalid),
            (#"{"part_number":1,"response":{"headers":{"ETag":{}}}}"#, .reportInvalid),
            (#"{"part_number":1e19,"response":{}}"#, .partNumberInvalid),
        ] as [(String, PontoonError.Code)]
    )
    func badReports(text: String, code: PontoonError.Code) throws {
        let value = try parse(text)
        let error = #expect(throws: PontoonError.self) { try PartReport(value) }
        #expect(error?.code == code)
    }

    @Test(
        "initialize accepts integers from 0 for part_infos",
        arguments: [
            ("null", nil), ("0", 0), ("1", 1), ("7.0", 7), ("1000", 1000), ("1001", 1000),
            ("9223372036854775807", 1000),
        ] as [(String, Int?)]
    )
    func wishes(text: String, expected: Int?) throws {
        let request = try InitializeRequest(try partInfosBody(text))
        #expect(request.partInfos.map(\.count) == expected)
        #expect(request.partInfos?.first == (expected == nil ? nil : .first))
    }

    @Test(
        "initialize refuses other values of part_infos",
        arguments: ["-1", "-1e300", "1.5", "true", #""1""#, "[]", "[1]", "{}", "1e300", "9223372036854775808"]
    )
    func badWishes(text: String) throws {
        let body = try partInfosBody(text)
        let error = #expect(throws: PontoonError.self) { try InitializeRequest(body) }
        #expect(error?.code == .initializeInvalid)
        #expect(error?.message.contains("part_infos") == true)
    }

    private func partInfosBody(_ partInfos: String) throws -> JSONValue {
        let text = #"{"project": "a/b", "name": "c", "part_infos": \#(partInfos)}"#
        return try parse(text)
    }

    private func parse(_ text: String) throws -> JSONValue {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }
}
