import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Metadata and tags that are passed to the initialize call.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct UploadLabelTests {
    @Test("a file has the labels that were passed to the initialize call as soon as the complete call returns")
    func labels() async throws {
        try await withTestServer(arguments: smallParts) { server in
            let index = try await server.api.call(.GET, "/")
            #expect(index["extensions"]?.strings?.contains("upload_labels") == true)
            let metadata: JSONValue = ["sample_id": "ü1", "lane": 2, "paired": true, "gone": nil]
            let stored: JSONValue = ["sample_id": "ü1", "lane": "2", "paired": "true"]
            let extra: [String: JSONValue] = ["metadata": metadata, "tags": ["b", "a"]]
            let body = ["project": "admin/uploads", "name": "a.bam", "size": 2].merging(extra) { $1 }
            let started = try await server.api.call(.POST, "/upload/multipart", .object(body))
            #expect(started["metadata"] == stored && started["tags"] == ["b", "a"])
            let upload = try started.text("upload_id")
            let details = try await server.api.call(.GET, "/upload/multipart/\(upload)")
            #expect(details["metadata"] == stored && details["tags"] == ["b", "a"])
            try await server.api.store(upload, 1, ByteBuffer(string: "ab"))
            let completed = try await server.api.complete(upload)
            #expect(completed["metadata"] == stored && completed["tags"] == ["b", "a"])
            let file = try completed.text("id")
            let repeated = try await server.api.complete(upload)
            let read = try await server.api.call(.GET, "/files/\(file)")
            for response in [repeated, read] {
                #expect(response["metadata"] == stored && response["tags"] == ["b", "a"])
            }
            let found = try await server.api.call(.GET, "/files?project=admin/uploads&metadata.lane=2&tag=a")
            #expect(found.headers["X-Total-Matching-Query"] == ["1"])
        }
    }

    @Test("a file that replaces another has its own labels only")
    func overwriting() async throws {
        try await withTestServer(arguments: smallParts) { server in
            for (key, tag) in [("first", "a"), ("second", "b")] {
                let extra: [String: JSONValue] = [
                    "metadata": .object([key: "1"]), "tags": .array([.string(tag)]),
                ]
                let upload = try await server.api.initialize("a.bin", size: 0, overwrite: true, extra: extra)
                let file = try await server.api.complete(upload)
                #expect(file["metadata"] == .object([key: "1"]) && file["tags"] == .array([.string(tag)]))
            }
            let plain = try await server.api.initialize("a.bin", size: 0, overwrite: true)
            let details = try await server.api.call(.GET, "/upload/multipart/\(plain)")
            #expect(details["metadata"] == nil && details["tags"] == nil)
            let file = try await server.api.complete(plain)
            #expect(file["metadata"] == .object([:]) && file["tags"] == [])
        }
    }

    @Test("invalid labels are refused like those of a file, and leave no upload")
    func refusals() async throws {
        let long = JSONValue.string(String(repeating: "x", count: 301))
        let many = (0...1000).map { ("k\($0)", JSONValue.string("v")) }
        let rows: [(field: String, value: JSONValue, status: Int, code: Int64)] = [
            ("metadata", "a", 400, 8013), ("metadata", ["a"], 400, 8013), ("metadata", ["a": ["b"]], 400, 5006),
            ("metadata", ["": "a"], 400, 5006), ("metadata", .object(["k": long]), 400, 5006),
            ("metadata", ["a": "\0"], 400, 5006),
            ("metadata", .object(Dictionary(uniqueKeysWithValues: many)), 400, 5006),
            ("tags", "a", 400, 8013), ("tags", [[]], 400, 8013), ("tags", [""], 400, 90000),
            ("tags", ["\0"], 400, 90000),
            ("tags", .array([long]), 400, 90000), ("tags", .array(Array(repeating: "a", count: 101)), 400, 90000),
        ]
        try await withTestServer { server in
            for row in rows {
                let body: JSONValue = ["project": "admin/uploads", "name": "a.bin"]
                guard case .object(let fields) = body else { return }
                let request = JSONValue.object(fields.merging([row.field: row.value]) { $1 })
                let response = try await server.api.call(.POST, "/upload/multipart", request)
                server.expectRefusal(response, row.status, row.code, "\(row.field)")
            }
            let list = try await server.api.call(.GET, "/upload/multipart")
            #expect(list.headers["X-Total-Matching-Query"] == ["0"])
        }
    }
}
