import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Refusals of the initialize call, and unusual names that it accepts.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct InitializeErrorTests {
    private typealias Row = (body: [String: JSONValue], status: Int, code: Int64)

    @Test("fields of the wrong type or out of range are rejected and leave no upload")
    func fields() async throws {
        let fives: Int64 = 5 << 40
        let rows: [Row] = [
            (["name": nil], 400, 8013), (["name": 5], 400, 8013), (["name": ["a"]], 400, 8013),
            (["name": true], 400, 8013), (["project": 5], 400, 8013), (["parent": 5, "project": nil], 400, 8013),
            (["project": nil], 400, 8013), (["parent": "F"], 400, 8013),
            (["size": -1], 400, 8013), (["size": .integer(fives + 1)], 400, 8013), (["size": "5"], 400, 8013),
            (["size": .number(1.5)], 400, 8013), (["size": .number(1e300)], 400, 8013), (["size": true], 400, 8013),
            (["size": .integer(.min)], 400, 8013), (["size": .integer(.max)], 400, 8013), (["size": [5]], 400, 8013),
            (["part_size": "5"], 400, 8013), (["part_size": .number(1.5)], 400, 8013),
            (["md5": 5], 400, 8013), (["md5": ""], 400, 8013), (["md5": "abc"], 400, 8013),
            (["md5": .string(String(repeating: "g", count: 32))], 400, 8013),
            (["md5": .string(String(repeating: "0", count: 33))], 400, 8013),
            (["project": ""], 400, 8010), (["project": "uploads"], 400, 8010), (["project": "/uploads"], 400, 8010),
            (["project": "admin/"], 400, 8010), (["project": "admin/uploads/"], 400, 8010),
            (["project": "a/b/c"], 400, 8010),
            (["project": "admin/nothing"], 404, 3002), (["project": "Admin/uploads"], 404, 3002),
            (["project": "nobody/uploads"], 404, 3002), (["project": "'; DROP TABLE users; --/x"], 404, 3002),
            (["project": nil, "parent": "000000000000000000000000"], 404, 5026),
            (["project": nil, "parent": ""], 404, 5026), (["project": nil, "parent": "../../etc"], 404, 5026),
        ]
        try await withEnduringServer { server in
            for row in rows {
                let body = ["name": "a.bin", "project": "admin/uploads", "size": 5].merging(row.body) { $1 }
                let response = try await server.api.call(.POST, "/upload/multipart", .object(body))
                server.expectRefusal(response, row.status, row.code, "\(row.body)")
            }
            for body in ["null", "{}", "[]", ""] {
                let response = try await server.api.call(.POST, "/upload/multipart", text: body)
                server.expectRefusal(response, 400, 8013, "no data as '\(body)'")
            }
            try await expectNoUpload(server)
        }
    }

    @Test("invalid names are rejected")
    func names() async throws {
        let bad = [
            "", ".", "..", "/", "a/b", "/etc/passwd", "../a", "a\u{0}b", "\u{0}", "a\nb", "a\tb", "\u{1}", "\u{1F}",
            "a\u{7F}", "\u{85}", "\u{9F}", String(repeating: "a", count: 256), String(repeating: "é", count: 256),
            String(repeating: "e\u{301}", count: 128),
        ]
        try await withEnduringServer { server in
            for name in bad {
                let body: JSONValue = ["project": "admin/uploads", "name": .string(name)]
                let response = try await server.api.call(.POST, "/upload/multipart", body)
                server.expectRefusal(response, 400, 8013, "\(name.debugDescription)")
            }
            try await expectNoUpload(server)
        }
    }

    @Test("unusual names of up to 255 Unicode scalars are stored unchanged")
    func oddNames() async throws {
        let good = [
            String(repeating: "a", count: 255), String(repeating: "é", count: 255),
            String(repeating: "😀", count: 255), String(repeating: "e\u{301}", count: 127), "...", " ", "-", "~", "a.b.",
            "a b+c%d#e?f&g=h;i", "%2F", "\\", "\"'`$(id)", "\u{202E}", "\u{E9}", "e\u{301}", "CON",
        ]
        try await withTestServer(.live) { server in
            for name in good {
                let file = try await server.api.upload(name, ByteBuffer(string: name))
                let details = try await server.api.call(.GET, "/files/\(file)")
                #expect(try details.text("name").unicodeScalars.elementsEqual(name.unicodeScalars))
                let bytes = try await server.api.download(file)
                #expect(bytes == ByteBuffer(string: name))
            }
            let list = try await server.api.call(.GET, "/files?project=admin/uploads&limit=100")
            #expect(list.headers["X-Total-Matching-Query"] == ["\(good.count)"])
        }
    }

    @Test("the initialize call rejects a file that does not fit on the disk, names the reason and leaves no files")
    func noRoom() async throws {
        try await withEnduringServer { server in
            for size: Int64 in [5 << 40, 4 << 40] {
                let body: JSONValue = ["project": "admin/uploads", "name": "huge", "size": .integer(size)]
                let response = try await server.api.call(.POST, "/upload/multipart", body)
                server.expectRefusal(response, 409, 90007, "\(size)")
                #expect(try response.text("message").contains("space"))
            }
            try await expectNoUpload(server)
        }
    }

    @Test("a taken name is rejected unless it belongs to a file and overwriting is requested")
    func taken() async throws {
        try await withEnduringServer { server in
            let file = try await server.api.upload("taken", ByteBuffer(string: "old"))
            let folder: JSONValue = ["project": "admin/uploads", "name": "folder", "type": "folder"]
            let made = try await server.api.call(.POST, "/files", folder)
            #expect(made.status == 201)
            for overwrite in ["false", "FALSE", "no", ""] {
                let body: JSONValue = ["project": "admin/uploads", "name": "taken"]
                let response = try await server.api.call(.POST, "/upload/multipart?overwrite=\(overwrite)", body)
                server.expectRefusal(response, 409, 8005, "overwrite=\(overwrite)")
            }
            for overwrite in [false, true] {
                let body: JSONValue = ["project": "admin/uploads", "name": "folder"]
                let response = try await server.api.call(.POST, "/upload/multipart?overwrite=\(overwrite)", body)
                server.expectRefusal(response, 409, 5030, "overwrite=\(overwrite)")
            }
            for overwrite in ["true", "True", "TRUE"] {
                let body: JSONValue = ["project": "admin/uploads", "name": "taken"]
                let response = try await server.api.call(.POST, "/upload/multipart?overwrite=\(overwrite)", body)
                #expect(response.status == 200)
                let kept = try await server.api.download(file)
                #expect(kept == ByteBuffer(string: "old"), "initialize must not touch the old file")
            }
            let parent = try await server.api.call(.POST, "/upload/multipart", ["parent": .string(file), "name": "x"])
            server.expectRefusal(parent, 400, 5022, "the parent is a file")
        }
    }

    private func expectNoUpload(_ server: TestServer) async throws {
        let list = try await server.api.call(.GET, "/upload/multipart")
        #expect(list["items"] == [])
        #expect(try server.unfinishedObjects() == [])
    }
}
