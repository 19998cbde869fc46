import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Downloads at signed URLs.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct DownloadCallTests {
    private func url(_ file: String, _ server: TestServer) async throws -> String {
        try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
    }

    @Test("ranges follow the HTTP standard")
    func ranges() async throws {
        let size = 3_000_000
        let bytes = pseudoRandomBytes(seed: 8, count: size)
        let rows: [(range: String, expected: Range<Int>?)] = [
            ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=1000000-2500000", 1_000_000..<2_500_001),
            ("bytes=2999999-", 2_999_999..<size), ("bytes=0-", 0..<size), ("bytes=-1", 2_999_999..<size),
            ("bytes=-5000000", 0..<size), ("bytes=2999990-4000000", 2_999_990..<size),
            ("bytes=0-9223372036854775807", 0..<size), ("bytes=3000000-", nil), ("bytes=3000000-3000001", nil),
            ("bytes=-0", nil), ("bytes=9223372036854775807-", nil),
        ]
        try await withEnduringServer { server in
            let url = try await url(try await server.api.upload("a.bin", bytes), server)
            for (range, expected) in rows {
                let response = try await server.api.send(.GET, url, headers: ["Range": range])
                guard let expected else {
                    server.expectRefusal(response, 416, 90000, "\(range)")
                    #expect(response.headers["Content-Range"] == ["bytes */\(size)"], "\(range)")
                    continue
                }
                #expect(response.status == 206, "\(range)")
                #expect(response.body == bytes.getSlice(at: expected.lowerBound, length: expected.count), "\(range)")
                #expect(response.headers["Content-Length"] == ["\(expected.count)"], "\(range)")
                let last = expected.upperBound - 1
                #expect(
                    response.headers["Content-Range"] == ["bytes \(expected.lowerBound)-\(last)/\(size)"],
                    "\(range)"
                )
            }
            let ignored = [
                "bytes=0-1,5-9", "bytes=x-y", "bytes=5-1", "bytes=", "bytes=-", "items=0-1", "bytes 0-1", "0-1",
                "bytes=99999999999999999999-", "bytes=0x1-0x2", "bytes=1-2-3", "bytes=--1",
            ]
            for range in ignored {
                let response = try await server.api.send(.GET, url, headers: ["Range": range])
                #expect(response.status == 200, "\(range)")
                #expect(response.body == bytes, "\(range)")
            }
        }
    }

    @Test("a stored MD5 is returned on request, including for ranges; other checksums are not")
    func digests() async throws {
        try await withTestServer(.live) { server in
            let md5 = "kAFQmDzST7DWlj99KOF/cg=="
            let bytes = ByteBuffer(string: "abc")
            let file = try await server.api.putFile("a", bytes, headers: ["Content-MD5": md5]).text("id")
            let withMD5 = try await url(file, server)
            let without = try await url(try await server.api.putFile("b", bytes).text("id"), server)
            let rows: [(String, String?)] = [
                ("md5=1", "md5=:\(md5):"), ("sha-256=10, md5=3", "md5=:\(md5):"), (" md5 = 10 ;x=1 ", "md5=:\(md5):"),
                ("md5=0", nil), ("md5=11", nil), ("md5=-1", nil), ("md5", nil), ("md5=1, md5=0", nil), ("MD5=1", nil),
                ("sha-256=10", nil), ("crc64nvme=10", nil), ("", nil), (",=;", nil),
            ]
            for (wanted, expected) in rows {
                for range in ["bytes=0-0", "none"] {
                    let headers: HTTPHeaders = ["Want-Repr-Digest": wanted, "Range": range]
                    let response = try await server.api.send(.GET, withMD5, headers: headers)
                    #expect(response.headers["Repr-Digest"] == expected.map { [$0] } ?? [], "\(wanted)")
                }
            }
            let headers: HTTPHeaders = ["Want-Repr-Digest": "md5=10"]
            #expect(try await server.api.send(.HEAD, withMD5, headers: headers).headers.contains(name: "Repr-Digest"))
            #expect(try await server.api.send(.GET, withMD5).headers["Repr-Digest"] == [])
            #expect(try await server.api.send(.GET, without, headers: headers).headers["Repr-Digest"] == [])
        }
    }

    @Test("ETags make requests conditional")
    func conditions() async throws {
        try await withTestServer(.live) { server in
            let file = try await server.api.uploadSmall("a", "0123456789")
            let url = try await url(file, server)
            let whole = try await server.api.send(.GET, url)
            let etag = try #require(whole.headers.first(name: "ETag"))
            #expect(etag.hasPrefix("\"") && etag.hasSuffix("\""))
            for tags in [etag, "*", "\"x\", \(etag)"] {
                let response = try await server.api.send(.GET, url, headers: ["If-None-Match": tags])
                #expect(response.status == 304, "\(tags)")
                #expect(response.body.readableBytes == 0)
                #expect(response.headers["ETag"] == [etag])
            }
            let other = try await server.api.send(.GET, url, headers: ["If-None-Match": "\"x\""])
            #expect(other.status == 200)
            for (tag, status) in [(etag, 206), ("\"x\"", 200), ("Mon, 01 Jan 2024 00:00:00 GMT", 200)] {
                let response = try await server.api.send(.GET, url, headers: ["Range": "bytes=2-3", "If-Range": tag])
                #expect(response.status == status, "\(tag)")
                #expect(String(buffer: response.body) == (status == 206 ? "23" : "0123456789"))
            }
        }
    }

    @Test("conditions are evaluated in the order of RFC 9110")
    func conditionalHeaders() async throws {
        let clock = TestClock()
        try await withTestServer(.live, arguments: ["--url-lifetime", "1d"], clock: clock) { server in
            let file = try await server.api.uploadSmall("a", "0123456789")
            let url = try await url(file, server)
            let whole = try await server.api.send(.GET, url)
            let etag = try #require(whole.headers.first(name: "ETag"))
            let date = try #require(whole.headers.first(name: "Last-Modified"))
            let (past, future) = ("Mon, 01 Jan 2001 00:00:00 GMT", "Tue, 01 Jan 2041 00:00:00 GMT")
            let rows: [(HTTPHeaders, Int)] = [
                (["If-Match": "\"x\""], 412), (["If-Match": "\"x\"", "Range": "bytes=99-"], 412),
                (["If-Match": etag], 200), (["If-Match": "*"], 200), (["If-Match": "W/\(etag)"], 412),
                (["If-Match": "\"x\", \(etag)", "If-Unmodified-Since": past], 200),
                (["If-Unmodified-Since": past], 412), (["If-Unmodified-Since": future], 200),
                (["If-Unmodified-Since": date], 200), (["If-Unmodified-Since": "yesterday"], 200),
                (["If-Modified-Since": date], 304), (["If-Modified-Since": future], 304),
                (["If-Modified-Since": past], 200), (["If-Modified-Since": "yesterday"], 200),
                (["If-None-Match": "W/\(etag)"], 304), (["If-None-Match": "\"x\"", "If-Modified-Since": date], 200),
                (["If-Match": etag, "If-None-Match": etag], 304),
                (["If-Unmodified-Since": past, "If-None-Match": etag], 412),
                (["If-Range": etag, "Range": "bytes=2-3"], 206),
                (["If-Range": "W/\(etag)", "Range": "bytes=2-3"], 200),
                (["If-Range": past, "Range": "bytes=2-3"], 200),
                // A date is not a strong validator: the file may have been replaced within the same second.
                (["If-Range": date, "Range": "bytes=2-3"], 200),
            ]
            for (headers, status) in rows {
                let response = try await server.api.send(.GET, url, headers: headers)
                #expect(response.status == status, "\(headers)")
                if status == 412 { server.expectRefusal(response, 412, 90000, "\(headers)") }
            }
            clock.advance(by: .seconds(120))
            let later = try await server.api.send(.GET, url, headers: ["If-Range": date, "Range": "bytes=2-3"])
            #expect(later.status == 206)
        }
    }

    @Test("HEAD returns the headers of GET")
    func head() async throws {
        try await withTestServer(.live) { server in
            let url = try await url(try await server.api.uploadSmall("a", "0123456789"), server)
            for (headers, status) in [(HTTPHeaders(), 200), (["Range": "bytes=2-3"], 206)] {
                let got = try await server.api.send(.GET, url, headers: headers)
                let text = try await server.exchange(
                    "HEAD \(try target(url)) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        + headers.map { "\($0): \($1)\r\n" }.joined() + "\r\n"
                )
                let head = try APIResponse(raw: text)
                #expect(head.status == status)
                #expect(head.body.readableBytes == 0)
                for name in ["Content-Length", "Content-Range", "ETag", "Accept-Ranges", "Content-Disposition"] {
                    #expect(head.headers[name] == got.headers[name], "\(name)")
                }
            }
        }
    }

    @Test("a whole file is sent with its headers, uncompressed")
    func whole() async throws {
        try await withTestServer(.live) { server in
            let text = String(repeating: "compressible ", count: 10_000)
            let file = try await server.api.uploadSmall("a.txt", text)
            let url = try await url(file, server)
            let raw = try await server.exchange(
                "GET \(try target(url)) HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: close\r\n\r\n"
            )
            let response = try APIResponse(raw: raw)
            #expect(response.status == 200)
            #expect(response.body == ByteBuffer(string: text))
            #expect(response.headers["Content-Length"] == ["\(text.utf8.count)"])
            #expect(response.headers["Content-Encoding"] == [])
            #expect(response.headers["Accept-Ranges"] == ["bytes"])
            #expect(response.headers["Content-Type"] == ["text/plain"])
            #expect(response.headers["X-Content-Type-Options"] == ["nosniff"])
            #expect(response.headers.first(name: "Content-Disposition")?.hasPrefix("attachment;") == true)
            #expect(response.headers["X-Total-Matching-Query"] == [])
            let details = try await server.api.call(.GET, "/files/\(file)")
            guard case .object(let sums) = details["checksums"], case .string(let crc) = sums["crc64nvme"] else {
                throw UnexpectedResponse(description: "no checksum")
            }
            let base64 = try #require(response.headers.first(name: "x-amz-checksum-crc64nvme"))
            #expect(CRC64NVME(base64: base64)?.hex == crc)
        }
    }

    @Test("an empty file is downloaded with status 200 and an empty body")
    func empty() async throws {
        try await withTestServer(.live) { server in
            let upload = try await server.api.initialize("empty", size: 0)
            let url = try await url(try await server.api.complete(upload).text("id"), server)
            let response = try await server.api.send(.GET, url)
            #expect(response.status == 200)
            #expect(response.headers["Content-Length"] == ["0"])
            for range in ["bytes=0-", "bytes=0-0", "bytes=-1"] {
                server.expectRefusal(
                    try await server.api.send(.GET, url, headers: ["Range": range]),
                    416,
                    90000,
                    "\(range)"
                )
            }
        }
    }

    @Test("Content-Disposition encodes any name safely")
    func disposition() async throws {
        let rows = [
            ("plain.txt", "filename=\"plain.txt\"", "plain%2Etxt"), ("a b.txt", "filename=\"a b.txt\"", "a%20b%2Etxt"),
            ("q\"uo\\te%41.txt", "filename=\"q_uo_te_41.txt\"", "q%22uo%5Cte%2541%2Etxt"),
            ("ä日.txt", "filename=\"__.txt\"", "%C3%A4%E6%97%A5%2Etxt"), ("a;b'c", "filename=\"a;b'c\"", "a%3Bb%27c"),
        ]
        try await withTestServer(.live) { server in
            for (name, plain, encoded) in rows {
                let url = try await url(try await server.api.uploadSmall(name), server)
                let response = try await server.api.send(.GET, url)
                let header = try #require(response.headers.first(name: "Content-Disposition"))
                #expect(header.hasPrefix("attachment; "), "\(name)")
                #expect(header.contains(plain), "\(name): \(header)")
                let value = try #require(header.split(separator: "filename*=UTF-8''").last)
                #expect(value.removingPercentEncoding == name, "\(name): \(header)")
                #expect(header.utf8.allSatisfy { (32..<127).contains($0) })
                #expect(value == encoded || value == encoded.replacing("%2E", with: "."), "\(header)")
            }
        }
    }

    @Test("clients that close the connection after the head do not affect later requests")
    func dropped() async throws {
        try await withEnduringServer { server in
            let bytes = pseudoRandomBytes(seed: 9, count: 20 << 20)
            let url = try await url(try await server.api.upload("a.bin", bytes), server)
            for _ in 1...20 {
                let head = try await RawConnection.with(server) { connection in
                    try await connection.write("GET \(try target(url)) HTTP/1.1\r\nHost: x\r\n\r\n")
                    return try await connection.read(until: "\r\n\r\n")
                }
                #expect(head.hasPrefix("HTTP/1.1 200 "))
                #expect(head.lowercased().contains("content-length: \(20 << 20)\r\n"))
            }
            let whole = try await server.api.send(.GET, url)
            #expect(whole.body == bytes)
            #expect(!server.log.contains("error"), "\(server.log.suffix(500))")
        }
    }

    @Test("an altered URL is rejected")
    func altered() async throws {
        try await withTestServer(.live) { server in
            let url = try await url(try await server.api.uploadSmall("a"), server)
            let other = try await server.api.uploadSmall("b")
            let query = try #require(url.split(separator: "?").last)
            let last = try #require(url.last)
            let altered = [
                "\(server.origin)/storage/files/\(other)?\(query)",
                String(try #require(url.split(separator: "?").first)),
                url.dropLast() + (last == "0" ? "1" : "0"), String(url.dropLast()),
                url.replacing("expires=", with: "expires=9"),
                url.replacing("key=", with: "key=0"),
            ]
            for url in altered { server.expectRefusal(try await server.api.send(.GET, url), 403, 90002, "\(url)") }
            let anonymous = try await server.client(token: nil).send(.GET, url)
            #expect(anonymous.status == 200)
        }
    }

    @Test("a file whose bytes are missing or incomplete is refused with 410, and the damage is logged")
    func damagedObject() async throws {
        try await withTestServer { server in
            for damage in ["missing", "short", "long"] {
                let file = try await server.api.upload("\(damage).bin", ByteBuffer(string: "abc"))
                let url = try await server.api.call(.GET, "/files/\(file)/download_info").text("url")
                let objects = server.data.appending("objects/files").string
                let name = try #require(
                    FileManager.default.subpaths(atPath: objects)?.first { name in
                        FileManager.default.contents(atPath: "\(objects)/\(name)") == Data("abc".utf8)
                    }
                )
                let path = "\(objects)/\(name)"
                switch damage {
                case "missing": try FileManager.default.removeItem(atPath: path)
                case "short": try Data("a".utf8).write(to: URL(filePath: path))
                default: try Data("abcd".utf8).write(to: URL(filePath: path))
                }
                server.expectRefusal(try await server.api.send(.GET, url), 410, 5002, "\(damage)")
                let lines = server.log.split(separator: "\n").filter { $0.contains("object damaged") }
                #expect(lines.contains { $0.hasPrefix("error") && $0.contains(file) }, "\(damage)")
            }
        }
    }
}
