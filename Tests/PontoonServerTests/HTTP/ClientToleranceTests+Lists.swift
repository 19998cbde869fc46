import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

extension ClientToleranceTests {
    @Test("a page links to itself and its neighbors, with all filters")
    func pages() async throws {
        try await withTestServer(.live) { server in
            for number in 1...5 { _ = try await server.api.upload("n\(number)", ByteBuffer(string: "x")) }
            let names = (1...5).map { "name=n\($0)" }.joined(separator: "&")
            let query = "project=admin/uploads&\(names)&fields=name,id&limit=2"
            let first = try await server.api.call(.GET, "/files?\(query)")
            #expect(try first.entryNames == ["n1", "n2"])
            #expect(try Set(first.pageLinks.keys) == ["next"])
            #expect(first.headers["X-Total-Matching-Query"] == ["5"])
            let second = try await server.follow("next", of: first)
            #expect(try second.entryNames == ["n3", "n4"])
            #expect(try Set(second.pageLinks.keys) == ["next", "prev"])
            let third = try await server.follow("next", of: second)
            #expect(try third.entryNames == ["n5"])
            #expect(try Set(third.pageLinks.keys) == ["prev"])
            #expect(try await server.follow("prev", of: third).entryNames == ["n3", "n4"])
            #expect(try await server.follow("prev", of: second).entryNames == ["n1", "n2"])
            for (page, offset) in [(first, 0), (second, 2), (third, 4)] {
                let href = try page.text("href")
                #expect(href.hasPrefix("\(server.endpoint)/files?"))
                for part in ["offset=\(offset)", "limit=2", "project=admin%2Fuploads", "name=n5", "fields=name%2Cid"] {
                    #expect(href.contains(part), "\(href)")
                }
                #expect(
                    try await server.api.send(.GET, href, headers: ["X-SBG-Auth-Token": server.token]).json == page.json
                )
            }
            let links = try second.pageLinks
            let header = "<\(links["next"] ?? "")>; rel=\"next\", <\(links["prev"] ?? "")>; rel=\"prev\""
            #expect(second.headers["Link"] == [header])
        }
    }

    @Test("every list has the same envelope, and only lists have the total")
    func envelopes() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.upload("f", ByteBuffer(string: "x"))
            let folder = try await server.api.call(
                .POST,
                "/files",
                ["project": "admin/uploads", "name": "folder", "type": "folder"]
            )
            let upload = try await server.api.initialize("open", size: 3)
            for path in [
                "/files?project=admin/uploads", "/projects", "/projects/admin", "/projects/admin/uploads/files",
                "/upload/multipart", "/files/\(try folder.text("id"))/list",
            ] {
                let list = try await server.api.call(.GET, path)
                #expect(list.status == 200, "\(path)")
                #expect(try list.headers["X-Total-Matching-Query"] == ["\(list.entries.count)"], "\(path)")
                #expect(list["links"] == [] && list.headers["Link"] == [], "\(path)")
                let href = try list.text("href")
                #expect(href.contains("offset=0") && href.contains("limit=50"), "\(path)")
            }
            for path in [
                "", "/user", "/rate_limit", "/files/\(file)", "/files/\(file)/metadata", "/projects/admin/uploads",
                "/upload/multipart/\(upload)", "/upload/multipart/\(upload)/part/1", "/files/none",
            ] {
                let response = try await server.api.call(.GET, path)
                #expect(response.headers["X-Total-Matching-Query"] == [], "Java takes it for the size: \(path)")
            }
        }
    }

    @Test("a page has 50 entries by default and at most 100")
    func limits() async throws {
        try await withTestServer(.live) { server in
            for (query, expected) in [("", "50"), ("?limit=100", "100"), ("?limit=1000", "100"), ("?limit=1", "1")] {
                let href = try await server.api.call(.GET, "/projects\(query)").text("href")
                #expect(href.hasSuffix("limit=\(expected)"), "\(href)")
            }
            for query in ["limit=-1", "limit=abc", "offset=-1", "offset=1.5", "limit="] {
                let response = try await server.api.call(.GET, "/projects?\(query)")
                #expect(response.status == 400 && response.code == 90000, "\(query)")
            }
        }
    }

    @Test("the caller selects fields, and an object's href is always included")
    func fields() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.upload("f", ByteBuffer(string: "x"))
            let metadata: JSONValue = ["sample_id": "s", "lane": "1"]
            try await server.api.perform(.PUT, "/files/\(file)/metadata", metadata)
            let whole = try await server.api.call(.GET, "/files/\(file)").json.keys
            #expect(
                whole.isSuperset(of: ["href", "id", "name", "size", "project", "parent", "type", "metadata", "tags"])
            )
            for (selection, expected) in [
                ("id,name,size", ["href", "id", "name", "size"]), ("id,nonsense", ["href", "id"]),
                ("!metadata", whole.subtracting(["metadata"])), ("_all", whole),
                ("_all,!tags", whole.subtracting(["tags"])), ("id,name,!name", ["href", "id"]),
                ("metadata.lane", ["href", "metadata"]), ("id%2C%20name", ["href", "id", "name"]), ("", whole),
            ] as [(String, Set<String>)] {
                let response = try await server.api.call(.GET, "/files/\(file)?fields=\(selection)")
                #expect(try response.json.keys == expected, "\(selection)")
            }
            let nested = try await server.api.call(.GET, "/files/\(file)?fields=metadata.lane,origin.task")
            #expect(nested["metadata"] == ["lane": "1"])
            let short = try await server.api.call(.GET, "/files?project=admin/uploads")
            #expect(try short.entries.map(\.keys) == [["href", "id", "name", "project", "parent", "type"]])
            let long = try await server.api.call(.GET, "/files?project=admin/uploads&fields=_all")
            #expect(try long.entries.map(\.keys) == [whole])
        }
    }

    @Test("only unfinished uploads are listed, newest first")
    func uploads() async throws {
        try await withTestServer(.live) { server in
            var made: [String] = []
            for name in ["a", "b", "c", "d", "e"] {
                made.insert(try await server.api.initialize(name, size: 0), at: 0)
                // Uploads that were created in the same millisecond have no defined order.
                let last = Date()
                try await eventually("the next millisecond") { Date().timeIntervalSince(last) > 0.002 }
            }
            let listed = try await server.api.call(.GET, "/upload/multipart?limit=50&offset=0&fields=_all")
            #expect(try listed.entries.compactMap { $0.string("upload_id") } == made)
            for field in ["href", "project", "name", "initiated", "upload_id"] {
                #expect(try listed.entries.allSatisfy { $0.string(field) != nil }, "\(field)")
            }
            let oldest = try await server.api.call(.GET, "/upload/multipart?limit=2&offset=3")
            #expect(try oldest.entries.compactMap { $0.string("upload_id") } == Array(made.suffix(2)))
            _ = try await server.api.complete(made[0])
            try await server.api.perform(.DELETE, "/upload/multipart/\(made[1])")
            let left = try await server.api.call(.GET, "/upload/multipart")
            #expect(try left.entries.compactMap { $0.string("upload_id") } == Array(made.suffix(3)))
            #expect(left.headers["X-Total-Matching-Query"] == ["3"])
        }
    }

    @Test(
        "the requested part size is granted if valid, otherwise it is 32 MiB",
        arguments: [
            // PartSizingTests covers files that need larger parts, because few disks have space for them.
            (0, nil, 33_554_432), (nil, nil, 33_554_432), (1, 5_242_880, 5_242_880), (nil, 5_242_880, 5_242_880),
            (1, 5_242_879, 33_554_432), (1, 0, 33_554_432), (1, -2, 33_554_432), (1, 5_368_709_120, 5_368_709_120),
            (1, 5_368_709_121, 33_554_432), (100, 10_485_761, 10_485_761),
        ] as [(Int64?, Int64?, Int64)]
    )
    func partSizes(size: Int64?, requested: Int64?, response: Int64) async throws {
        try await withTestServer(.live) { server in
            var body: [String: JSONValue] = ["project": "admin/uploads", "name": "n"]
            body["size"] = size.map { .integer($0) }
            body["part_size"] = requested.map { .integer($0) }
            let begun = try await server.api.call(.POST, "/upload/multipart", .object(body))
            #expect(begun["part_size"] == .integer(response))
            let details = try await server.api.call(.GET, "/upload/multipart/\(try begun.text("upload_id"))")
            #expect(details["part_size"] == .integer(response))
        }
    }
}

extension TestServer {
    /// Requests the page to which a list links with the given relation.
    fileprivate func follow(_ relation: String, of list: APIResponse) async throws -> APIResponse {
        try await api.send(.GET, try #require(try list.pageLinks[relation]), headers: ["X-SBG-Auth-Token": token])
    }
}
