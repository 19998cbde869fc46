import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Reports that are incomplete or do not match a stored part.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ReportErrorTests {
    private static let badTags: [JSONValue] = [
        "", "\"\"", nil, 5, true, [], [:], ["ETag": "x"], "wrong", "\"", "\"\"\"\"", "0000000000000000",
    ]

    @Test("a wrong ETag is rejected, and the stored part can still be reported")
    func wrongTag() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let put = try await server.api.put(upload, 1, ByteBuffer(string: "abc"))
            let etag = try #require(put.headers.first(name: "ETag"))
            for tag in Self.badTags + [.string(etag + "0"), .string("\"\(etag)\"")] {
                server.expectRefusal(try await server.api.report(upload, 1, tag), 400, 8014, "\(tag)")
            }
            let details = try await server.api.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
            #expect(details["uploaded_parts_count"] == 0)
            #expect(details["parts"] == [])
            let plain = etag.filter { $0 != "\"" }
            for tag in [etag, plain, plain.uppercased(), "\"\(plain.uppercased())\"", etag] {
                let response = try await server.api.report(upload, 1, .string(tag))
                #expect(response.status == 200, "\(tag)")
                #expect(try response.text("href").hasSuffix("/v2/upload/multipart/\(upload)"))
            }
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
        }
    }

    @Test("an incomplete report is rejected")
    func missingFields() async throws {
        let bodies = [
            "null", "{}", "[]", "", #"{"part_number": 1}"#, #"{"part_number": 1, "response": null}"#,
            #"{"part_number": 1, "response": "x"}"#, #"{"part_number": 1, "response": {}}"#,
            #"{"part_number": 1, "response": {"headers": null}}"#, #"{"part_number": 1, "response": {"headers": []}}"#,
            #"{"part_number": 1, "response": {"headers": {}}}"#,
            #"{"part_number": 1, "response": {"headers": {"Etags": "x"}}}"#,
            #"{"part_number": 1, "response": {"ETag": "x"}}"#, #"{"part_number": 1, "ETag": "x"}"#,
            #"{"part_number": 1, "e_tag": "x"}"#,
        ]
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 3)
            let put = try await server.api.put(upload, 1, ByteBuffer(string: "abc"))
            for body in bodies {
                let response = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", text: body)
                #expect(response.status == 400, "\(body)")
                #expect(response.code == 8014 || !body.contains("part_number") && response.code == 8012, "\(body)")
                guard body.hasPrefix("{\"") else { continue }
                let many = try await server.api.call(
                    .POST,
                    "/upload/multipart/\(upload)",
                    text: "{\"parts\": [\(body)]}"
                )
                server.expectRefusal(many, 400, 8014, "\(body)")
            }
            let etag = try #require(put.headers.first(name: "ETag"))
            let lower: JSONValue = ["part_number": 1, "response": ["headers": ["etag": .string(etag)]]]
            let response = try await server.api.call(.POST, "/upload/multipart/\(upload)/part", lower)
            #expect(response.status == 200, "the header's name is compared in any letter case")
        }
    }

    @Test("a part that was never stored cannot be reported")
    func neverStored() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: nil)
            let other = try await server.api.initialize("b.bin", size: nil)
            let etag = try await server.api.store(other, 1, ByteBuffer(string: "abc"))
            server.expectRefusal(try await server.api.report(upload, 1, .string(etag)), 400, 8014, "another upload's")
            server.expectRefusal(try await server.api.report(other, 2, .string(etag)), 400, 8014, "another number")
            for tag in Self.badTags {
                server.expectRefusal(try await server.api.report(upload, 10_000, tag), 400, 8014, "\(tag)")
            }
            for path in ["/part", "", "/complete"] {
                let report: JSONValue = ["part_number": 1, "response": ["headers": ["ETag": .string(etag)]]]
                let response = try await server.api.call(
                    .POST,
                    "/upload/multipart/\(String(repeating: "x", count: 64))\(path)",
                    path == "/part" ? report : ["parts": [report]]
                )
                server.expectRefusal(response, 404, 8003, "unknown upload \(path)")
            }
        }
    }

    @Test("several reports are accepted together or not at all")
    func bulk() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let upload = try await server.api.initialize("a.bin", size: 6, partSize: 2)
            var reports: [JSONValue] = []
            for number in 1...3 {
                let put = try await server.api.put(upload, number, ByteBuffer(string: "a\(number)"))
                let etag = try #require(put.headers.first(name: "ETag"))
                reports.append([
                    "part_number": .integer(Int64(number)), "response": ["headers": ["ETag": .string(etag)]],
                ])
            }
            let path = "/upload/multipart/\(upload)"
            let bad: [(JSONValue, Int64)] = [
                (["part_number": 3, "response": ["headers": ["ETag": "wrong"]]], 8014),
                (["part_number": 4, "response": ["headers": ["ETag": "0123456789abcdef"]]], 8014),
                (["part_number": 3, "response": ["headers": ["ETag": ""]]], 8014),
                (["part_number": 0, "response": ["headers": ["ETag": "x"]]], 8012),
                (["part_number": 10_001, "response": ["headers": ["ETag": "x"]]], 8012), (nil, 8014), (5, 8014),
                ([], 8014),
            ]
            for (last, code) in bad {
                for call in [path, "\(path)/complete"] {
                    let response = try await server.api.call(.POST, call, ["parts": .array(reports.prefix(2) + [last])])
                    server.expectRefusal(response, 400, code, "\(call) \(last)")
                }
                let details = try await server.api.call(.GET, path)
                #expect(details["uploaded_parts_count"] == 0, "\(last)")
            }
            let malformed: [JSONValue] = [
                [:], ["parts": nil], ["parts": "x"], ["parts": 5], ["parts": [:]], ["part": []],
            ]
            for body in malformed {
                server.expectRefusal(try await server.api.call(.POST, path, body), 400, 8015, "\(body)")
            }
            for body: JSONValue in [["parts": "x"], ["parts": [:]], ["parts": 5]] {
                server.expectRefusal(try await server.api.call(.POST, "\(path)/complete", body), 400, 8015, "\(body)")
            }
            for parts in [[], Array(reports.prefix(1)), reports + reports] {
                let response = try await server.api.call(.POST, path, ["parts": .array(parts)])
                #expect(response.status == 200)
                #expect(response.body.readableBytes == 0)
                #expect(response.headers["Content-Length"] == ["0"])
            }
            let completed = try await server.api.call(.POST, "\(path)/complete", ["parts": .array(reports)])
            #expect(completed["size"] == 6)
        }
    }
}
