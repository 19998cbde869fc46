import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Batches of part infos, as returned by the initialize call or by a separate call.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PartBatchTests {
    @Test("the index announces the extension")
    func announced() async throws {
        try await withTestServer { server in
            let index = try await server.client(token: nil).call(.GET, "/")
            let names = try #require(index["extensions"]?.strings)
            #expect(names == names.sorted())
            for name in ["part_infos", "complete_reports"] { #expect(names.contains(name), "\(name)") }
        }
    }

    @Test("a file of one part needs only initialize, PUT and complete", arguments: UploadRoot.allCases)
    func onePart(root: UploadRoot) async throws {
        try await withTestServer(arguments: ["--rate-limit", "1000/24h"]) { server in
            let fields = try await root.fields(server.api)
            let before = try await server.callsLeft()
            for size in [1, 4096, 5 << 20] {
                let bytes = pseudoRandomBytes(seed: UInt64(size), count: size)
                let started = try await server.api.start(root, "\(size)", size: size, partInfos: 1, fields)
                #expect(started.status == 200)
                let infos = try started.partInfos()
                #expect(infos.map(\.number) == [1])
                let put = try await server.api.send(.PUT, try #require(infos.first).url, bytes)
                let etag = try #require(put.headers.first(name: "ETag"))
                let path = "\(root.path)/\(try started.text("upload_id"))/complete"
                let completed = try await server.api.call(.POST, path, ["parts": [partReport(1, etag)]])
                #expect(completed.status == 201, "\(String(buffer: completed.body))")
                #expect(completed["size"] == .integer(Int64(size)))
                #expect(completed["checksums"] == ["crc64nvme": .string(tag(of: bytes))])
            }
            // Two of the three requests count towards the rate limit, and so does reading the limit.
            #expect(try await server.callsLeft() == before - 3 * 2 - 1)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test(
        "a part info in a batch equals the response to the single call, plus the part number",
        arguments: UploadRoot.allCases
    )
    func sameInfo(root: UploadRoot) async throws {
        try await withTestServer(arguments: smallParts) { server in
            let fields = try await root.fields(server.api)
            let started = try await server.api.start(root, "a", size: 25, partSize: 10, partInfos: 9, fields)
            let upload = try started.text("upload_id")
            #expect(started["href"] == .string("\(server.endpoint)\(root.path)/\(upload)"))
            let asked = try await server.api.call(.GET, "\(root.path)/\(upload)/part_infos/")
            guard case .object(let body) = try asked.json else { throw UnexpectedResponse(description: "\(asked)") }
            #expect(body.keys.sorted() == ["part_infos"])
            for response in [started, asked] {
                let infos = try response.partInfos()
                #expect(infos.map(\.number) == [1, 2, 3])
                for info in infos {
                    let single = try await server.api.call(.GET, "\(root.path)/\(upload)/part/\(info.number)")
                    guard case .object(var fields) = try single.json else {
                        throw UnexpectedResponse(description: "\(single)")
                    }
                    let url = try single.text("url")
                    #expect(info.url.prefix { $0 != "?" } == url.prefix { $0 != "?" })
                    fields["part_number"] = .integer(Int64(info.number))
                    for name in ["url", "expires"] { fields[name] = info.fields[name] }
                    #expect(info.fields == fields)
                    let expires = try Date(try single.text("expires"), strategy: .iso8601)
                    guard case .string(let text) = info.fields["expires"] else { continue }
                    #expect(abs(try Date(text, strategy: .iso8601).timeIntervalSince(expires)) < 60)
                }
            }
        }
    }

    @Test("without the parameter the response is unchanged", arguments: UploadRoot.allCases)
    func notAsked(root: UploadRoot) async throws {
        try await withTestServer { server in
            let fields = try await root.fields(server.api)
            let place = root == .files ? ["parent", "project"] : ["automation_id"]
            let usual = [
                "href", "initiated", "name", "part_size", "parallel_uploads", "size", "upload_id",
                "uploaded_parts_count",
            ]
            for requested: JSONValue? in [nil, .null] {
                let started = try await server.api.start(root, "a", size: 1, requested: requested, fields)
                guard case .object(let body) = try started.json else {
                    throw UnexpectedResponse(description: "\(started)")
                }
                #expect(body.keys.sorted() == (usual + place).sorted())
                let upload = try started.text("upload_id")
                for path in ["", "?part_infos=3"] {
                    let details = try await server.api.call(.GET, "\(root.path)/\(upload)\(path)")
                    #expect(details.status == 200)
                    #expect(details["part_infos"] == nil)
                }
            }
            let none = try await server.api.start(root, "b", size: 1, partInfos: 0, fields)
            #expect(none["part_infos"] == [])
        }
    }

    @Test("many parts can be uploaded with part infos from initialize and batch calls, and reported when completing")
    func batches() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let bytes = pseudoRandomBytes(seed: 7, count: 37 * 1000 + 1)
            let started = try await server.api.start(
                .files,
                "a",
                size: bytes.readableBytes,
                partSize: 1000,
                partInfos: 5
            )
            let path = "\(UploadRoot.files.path)/\(try started.text("upload_id"))"
            var infos = try started.partInfos()
            while true {
                let next = "\(path)/part_infos?from=\(infos.count + 1)&count=10"
                let more = try await server.api.call(.GET, next).partInfos()
                if more.isEmpty { break }
                infos += more
            }
            #expect(infos.map(\.number) == Array(1...38))
            let reports = try await withThrowingTaskGroup { group in
                for info in infos.shuffled() {
                    let start = (info.number - 1) * 1000
                    let length = min(1000, bytes.readableBytes - start)
                    let part = try #require(bytes.getSlice(at: start, length: length))
                    group.addTask {
                        let put = try await server.api.send(.PUT, info.url, part)
                        return partReport(info.number, try #require(put.headers.first(name: "ETag")))
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            // Some parts are also reported before complete, and complete is called twice.
            let early = try await server.api.call(.POST, path, ["parts": .array(Array(reports.prefix(7)))])
            #expect(early.status == 200)
            var files: Set<String> = []
            for _ in 0..<2 {
                let completed = try await server.api.call(.POST, "\(path)/complete", ["parts": .array(reports)])
                #expect(completed.status == 201, "\(String(buffer: completed.body))")
                files.insert(try completed.text("id"))
            }
            #expect(files.count == 1)
            let kept = try await server.api.download(try #require(files.first))
            #expect(kept == bytes)
        }
    }

    @Test("a batch ends with part 10,000")
    func boundary() async throws {
        try await withTestServer(arguments: smallParts) { server in
            for size in [nil, 10_000] {
                let started = try await server.api.start(.files, "a", size: size, partSize: 1, partInfos: 5000)
                var infos = try started.partInfos()
                #expect(infos.count == 1000)
                let path = "\(UploadRoot.files.path)/\(try started.text("upload_id"))/part_infos"
                for from in stride(from: 1001, through: 9001, by: 1000) {
                    infos += try await server.api.call(.GET, "\(path)?from=\(from)&count=99999").partInfos()
                }
                #expect(infos.map(\.number) == Array(1...10_000))
                #expect(Set(infos.map(\.url)).count == 10_000)
                for (query, expected) in [
                    ("?from=10000", [10_000]), ("?from=9999&count=1", [9999]), ("?count=2", [1, 2]),
                    ("?from=9990", Array(9990...10_000)), ("", Array(1...100)), ("?limit=1&offset=9&count=1", [1]),
                ] {
                    let response = try await server.api.call(.GET, path + query)
                    #expect(try response.partInfos().map(\.number) == expected, "\(query)")
                }
                let last = try #require(infos.last)
                let put = try await server.api.send(.PUT, last.url, ByteBuffer(string: "z"))
                #expect(put.status == 200)
                let report = try await server.api.report(
                    try started.text("upload_id"),
                    10_000,
                    .string(try #require(put.headers.first(name: "ETag")))
                )
                #expect(report.status == 200)
            }
        }
    }

    @Test("a repeated batch has new URLs, old ones stay valid, and stored parts are included")
    func again() async throws {
        try await withTestServer(.live, arguments: smallParts) { server in
            let bytes = ByteBuffer(string: "abcd")
            let started = try await server.api.start(.files, "a", size: 4, partSize: 2, partInfos: 2)
            let upload = try started.text("upload_id")
            let first = try started.partInfos()
            try await server.api.store(upload, 1, ByteBuffer(string: "xy"))
            let second = try await server.api.call(.GET, "/upload/multipart/\(upload)/part_infos").partInfos()
            #expect(second.map(\.number) == [1, 2])
            var reports: [JSONValue] = []
            for (info, text) in [(first[0], "ab"), (second[1], "xx"), (first[1], "cd")] {
                let put = try await server.api.send(.PUT, info.url, ByteBuffer(string: text))
                reports.append(partReport(info.number, try #require(put.headers.first(name: "ETag"))))
            }
            let path = "/upload/multipart/\(upload)/complete"
            let stale = try await server.api.call(.POST, path, ["parts": .array(reports)])
            server.expectRefusal(stale, 400, 8014, "part 2 was replaced")
            reports.remove(at: 1)
            let completed = try await server.api.call(.POST, path, ["parts": .array(reports)])
            let kept = try await server.api.download(try completed.text("id"))
            #expect(kept == bytes)
        }
    }
}
