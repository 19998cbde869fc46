import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

extension ClientToleranceTests {
    @Test("R uploads with paging parameters on every call and quoted ETags, and repeats all reports in complete")
    func uploadByR() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let added = "limit=50&offset=0&fields=_all"
            let bytes = pseudoRandomBytes(seed: 11, count: 2500)
            let begun = try await server.api.call(
                .POST,
                "/upload/multipart?overwrite=FALSE&\(added)",
                ["project": "admin/uploads", "name": "from R", "size": 2500, "part_size": 1024]
            )
            let path = "/upload/multipart/\(try begun.text("upload_id"))"
            var reports: [JSONValue] = []
            for (number, range) in [(1, 0..<1024), (2, 1024..<2048), (3, 2048..<2500)] as [(Int64, Range<Int>)] {
                let url = try await server.api.call(.GET, "\(path)/part/\(number)?\(added)").text("url")
                let part = try #require(bytes.getSlice(at: range.lowerBound, length: range.count))
                let etag = try #require(try await server.api.send(.PUT, url, part).headers.first(name: "ETag"))
                #expect(etag.hasPrefix("\"") && etag.hasSuffix("\""), "R reports the ETag unchanged")
                reports.append(.report(number, etag))
                let reported = try await server.api.call(.POST, "\(path)/part?\(added)", .report(number, etag))
                #expect(reported.status == 200)
            }
            let completed = try await server.api.call(.POST, "\(path)/complete?\(added)", ["parts": .array(reports)])
            #expect(completed.status == 201)
            #expect(try await server.api.download(try completed.text("id")) == bytes)
        }
    }

    @Test("parts need not be reported before the complete call")
    func partsInComplete() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let upload = try await server.api.initialize("f", size: 1027, partSize: 1024)
            let bytes = pseudoRandomBytes(seed: 12, count: 1027)
            var reports: [JSONValue] = []
            for (number, offset, length) in [(1, 0, 1024), (2, 1024, 3)] {
                let response = try await server.api.put(
                    upload,
                    number,
                    try #require(bytes.getSlice(at: offset, length: length))
                )
                reports.append(.report(Int64(number), try #require(response.headers.first(name: "ETag"))))
            }
            let path = "/upload/multipart/\(upload)/complete"
            #expect(try await server.api.call(.POST, path, ["parts": .array([reports[1]])]).code == 8007)
            let completed = try await server.api.call(.POST, path, ["parts": .array([reports[0]])])
            #expect(try await server.api.download(try completed.text("id")) == bytes)
        }
    }

    @Test("Go uploads an empty file without parts")
    func emptyFileByGo() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("empty", size: 0)
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
            #expect(completed["size"] == 0)
            #expect(try await server.api.download(try completed.text("id")).readableBytes == 0)
        }
    }

    @Test("Go sends its token to a part's URL, where it is ignored, valid or not", arguments: [true, false])
    func tokenOnPart(isRight: Bool) async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 3)
            let headers: HTTPHeaders = [
                "X-Sbg-Auth-Token": isRight ? server.token : "wrong", "Authorization": "Bearer wrong",
                "Accept-Encoding": "gzip", "User-Agent": "go-sevenbridges/0.1",
            ]
            let response = try await server.api.put(upload, 1, ByteBuffer(string: "abc"), headers: headers)
            #expect(response.status == 200)
            #expect(response.body.readableBytes == 0)
        }
    }

    @Test("Java initializes, reloads before each step, skips reported parts, and completes with {}")
    func uploadByJava() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let gzip: HTTPHeaders = ["Accept-Encoding": "gzip,deflate"]
            let user = try await server.api.call(.GET, "/user", headers: gzip).text("href")
            #expect(user == server.endpoint + "/users/admin")
            let upload = try await server.api.initialize("from Java", size: 1500, partSize: 1024)
            let href = "\(server.endpoint)/upload/multipart/\(upload)"
            let path = "/upload/multipart/\(upload)"
            let fresh = try await server.api.call(.GET, "\(path)?list_parts=true", headers: gzip)
            #expect(fresh["parts"] == [])
            #expect(fresh["uploaded_parts_count"] == 0)
            let bytes = pseudoRandomBytes(seed: 13, count: 1500)
            let etag = try await server.api.store(upload, 1, try #require(bytes.getSlice(at: 0, length: 1024)))
            let plain = try await server.api.call(.GET, path)
            #expect(plain["parts"] == nil, "only on request")
            let reloaded = try await server.api.call(.GET, "\(path)?list_parts=TRUE")
            #expect(try reloaded.text("href") == href)
            #expect(reloaded["upload_id"] == .string(upload))
            #expect(reloaded["project"] == "admin/uploads" && reloaded["name"] == "from Java")
            #expect(reloaded["size"] == 1500 && reloaded["part_size"] == 1024)
            #expect(reloaded["parallel_uploads"] == true && reloaded["uploaded_parts_count"] == 1)
            #expect(reloaded["parts"] == [.report(1, etag)], "the ETag without quotes")
            let second = try await server.api.put(upload, 2, try #require(bytes.getSlice(at: 1024, length: 476)))
            let tag = try #require(second.headers.first(name: "ETag")).trimmingPrefix("\"").dropLast()
            let reported = try await server.api.call(.POST, "\(path)/part", .report(2, String(tag)))
            #expect(try reported.text("href") == href, "Java reads the upload from the response to a report")
            #expect(reported["part_number"] == 2)
            let completed = try await server.api.call(.POST, "\(path)/complete", [:])
            #expect(try completed.text("href") == "\(server.endpoint)/files/\(try completed.text("id"))")
            #expect(try await server.api.download(try completed.text("id")) == bytes)
        }
    }

    @Test(
        "the header name and the ETag of a report are case-insensitive",
        arguments: ["ETag", "etag", "ETAG", "Etag"]
    )
    func reportedHeader(key: String) async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 3)
            let response = try await server.api.put(upload, 1, ByteBuffer(string: "abc"))
            let etag = try #require(response.headers.first(name: "ETag"))
            for tag in [etag, etag.uppercased(), String(etag.dropFirst().dropLast())] {
                let path = "/upload/multipart/\(upload)/part"
                #expect(try await server.api.call(.POST, path, .report(1, tag, key: key)).status == 200, "\(tag)")
            }
        }
    }

    @Test(
        "parts may have any length and order",
        arguments: [
            [1024, 1025, 0],  // the Python client's split of 2 p + 1 bytes
            [1024, 10, 1024, 100],  // a short part in the middle
            [1024, 2000, 3000],  // longer than requested
            [0, 1024], [0, 0, 5], [3], [0],
        ]
    )
    func partLengths(_ lengths: [Int]) async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let bytes = pseudoRandomBytes(seed: 14, count: lengths.reduce(0, +))
            for size in [bytes.readableBytes, nil] {
                let name = "\(size ?? -1)"
                let upload = try await server.api.initialize(name, size: size, partSize: 1024)
                for number in (1...lengths.count).reversed() {
                    let offset = lengths[..<(number - 1)].reduce(0, +)
                    let part = try #require(bytes.getSlice(at: offset, length: lengths[number - 1]))
                    try await server.api.store(upload, number, part)
                }
                let completed = try await server.api.complete(upload)
                #expect(completed["size"] == .integer(Int64(bytes.readableBytes)))
                #expect(try await server.api.download(try completed.text("id")) == bytes, "declared: \(name)")
            }
        }
    }

    @Test("a repeated complete returns the same response, and every other call gets 404")
    func replayedComplete() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("f", size: 3)
            let etag = try await server.api.store(upload, 1, ByteBuffer(string: "abc"))
            let url = try await server.api.partURL(upload, 1)
            let first = try await server.api.complete(upload)
            let path = "/upload/multipart/\(upload)"
            for body in [nil, [:], ["parts": [.report(1, etag)]]] as [JSONValue?] {
                let again = try await server.api.call(.POST, "\(path)/complete", body)
                #expect(again.status == 201)
                #expect(try again.json == first.json)
            }
            let gone = [
                try await server.api.call(.GET, path), try await server.api.call(.GET, "\(path)/part/1"),
                try await server.api.report(upload, 1, .string(etag)), try await server.api.call(.DELETE, path),
                try await server.api.call(.POST, path, ["parts": [.report(1, etag)]]),
            ]
            #expect(gone.map(\.status) == [404, 404, 404, 404, 404])
            #expect(gone.map(\.code) == [8003, 8003, 8003, 8003, 8003])
            let late = try await server.api.send(.PUT, url, ByteBuffer(string: "xyz"))
            #expect([403, 404].contains(late.status) && late.headers["ETag"].isEmpty)
            #expect(try await server.api.download(try first.text("id")) == ByteBuffer(string: "abc"))
        }
    }

    @Test("several parts are reported together or not at all")
    func reportMany() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            let upload = try await server.api.initialize("f", size: 2048, partSize: 1024)
            let path = "/upload/multipart/\(upload)"
            var tags: [String] = []
            for number in 1...2 {
                let response = try await server.api.put(upload, number, pseudoRandomBytes(seed: 15, count: 1024))
                tags.append(try #require(response.headers.first(name: "ETag")))
            }
            let bad = try await server.api.call(.POST, path, ["parts": [.report(1, tags[0]), .report(2, "\"no\"")]])
            #expect(bad.status == 400 && bad.code == 8014)
            #expect(try await server.api.call(.GET, path)["uploaded_parts_count"] == 0)
            let good = try await server.api.call(.POST, path, ["parts": [.report(1, tags[0]), .report(2, tags[1])]])
            #expect(good.status == 200 && good.body.readableBytes == 0)
            #expect(try await server.api.call(.GET, path)["uploaded_parts_count"] == 2)
            #expect(try await server.api.call(.POST, path, ["parts": []]).status == 200)
            #expect(try await server.api.complete(upload).status == 201)
        }
    }

    @Test("a valid report during a completion gets a retryable error, never the error for a wrong ETag")
    func reportDuringComplete() async throws {
        try await withTestServer(.live, arguments: Self.smallParts) { server in
            // Part 1 is missing, so the complete call is refused, but the upload is briefly in state `completing`.
            for round in 1...40 {
                let upload = try await server.api.initialize("f\(round)", size: 2048, partSize: 1024)
                let response = try await server.api.put(upload, 2, pseudoRandomBytes(seed: 16, count: 1024))
                let etag = try #require(response.headers.first(name: "ETag"))
                async let completed = server.api.complete(upload)
                async let reported = server.api.report(upload, 2, .string(etag))
                let (complete, report) = try await (completed, reported)
                #expect(complete.code == 8007)
                #expect(report.status == 200 || report.code == 8008, "\(String(buffer: report.body))")
            }
        }
    }
}
