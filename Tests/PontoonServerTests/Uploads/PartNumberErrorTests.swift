import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Invalid part numbers in requests for part infos and in reports.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PartNumberErrorTests {
    @Test("part info rejects anything but a number from 1 to 10000")
    func info() async throws {
        let bad = [
            "0", "00", "10001", "abc", "1.5", "1.0", "-1", "+1", "1e3", "0x1", "%20", "1%20", "1%00", "1a", "%EF%BC%91",
            "9223372036854775808", "99999999999999999999999999", String(repeating: "1", count: 5000),
        ]
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: nil)
            for number in bad {
                let response = try await server.api.call(.GET, "/upload/multipart/\(upload)/part/\(number)")
                server.expectRefusal(response, 400, 8012, "\(number.prefix(40))")
            }
            for number in ["1", "10000", "10000/"] {
                let response = try await server.api.call(.GET, "/upload/multipart/\(upload)/part/\(number)")
                #expect(response.status == 200, "\(number)")
            }
        }
    }

    @Test("a report rejects anything but an integer from 1 to 10000")
    func report() async throws {
        let bad = [
            "null", "0", "-1", "10001", #""1""#, #""abc""#, "1.5", "1e300", "-1e300", "true", "[]", "{}",
            "9223372036854775807", "-9223372036854775808", "18446744073709551616", "99999999999999999999999999",
        ]
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let etag = try #require(
                try await server.api.put(upload, 1, ByteBuffer(string: "abc")).headers.first(name: "ETag")
            )
            let response = #""response": {"headers": {"ETag": "\#(etag.filter { $0 != "\"" })"}}"#
            for number in bad {
                let report = "{\"part_number\": \(number), \(response)}"
                let one = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", text: report)
                server.expectRefusal(one, 400, 8012, "\(number)")
                for path in ["", "/complete"] {
                    let many = try await server.api.call(
                        .POST,
                        "/upload/multipart/\(upload)\(path)",
                        text: "{\"parts\": [\(report)]}"
                    )
                    server.expectRefusal(many, 400, 8012, "\(number) \(path)")
                }
            }
            let missing = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", text: "{\(response)}")
            server.expectRefusal(missing, 400, 8012, "no number")
            for number in ["1", "1.0", "1e0"] {
                let report = "{\"part_number\": \(number), \(response)}"
                let response = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", text: report)
                #expect(response.status == 200, "\(number)")
            }
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
        }
    }
}
