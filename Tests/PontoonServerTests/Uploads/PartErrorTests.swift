import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Testing

/// Parts whose bytes do not match their declared length or checksum, or the declared MD5 of the file.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct PartErrorTests {
    @Test("an oversized part is rejected with 413 before its bytes, and the connection is closed")
    func tooLong() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 1000)
            let unknown = try await server.api.initialize("b.bin", size: nil)
            let etag = try await server.api.store(upload, 1, pseudoRandomBytes(seed: 1, count: 1000))
            let five: Int64 = 5 << 30
            let unsendable: [(String, Int64)] = [
                (upload, 1001), (upload, five + 1), (unknown, five + 1), (unknown, .max),
            ]
            var requests: [String] = []
            for (id, length) in unsendable {
                let head = "PUT \(try target(try await server.api.partURL(id, 1))) HTTP/1.1\r\nHost: x\r\n"
                for more in ["", "Expect: 100-continue\r\n"] {
                    requests.append("\(head)\(more)Content-Length: \(length)\r\n\r\n")
                }
            }
            // No body is sent: the server responds to the head alone. It waits a while for a body that may be in flight
            // before it closes the connection, so all requests are sent concurrently.
            try await withThrowingTaskGroup { group in
                for request in requests {
                    group.addTask { (request, try APIResponse(raw: try await server.exchange(request))) }
                }
                for try await (request, response) in group {
                    server.expectRefusal(response, 413, 90000, "\(request)")
                    #expect(response.headers["Connection"] == ["close"])
                }
            }
            let kept = try await server.api.report(upload, 1, .string(etag))
            #expect(kept.status == 200, "a part that is refused by its head does not change the earlier version")
        }
    }

    @Test("an oversized chunked part is rejected with 413 and not stored")
    func tooLongChunked() async throws {
        try await withEnduringServer { server in
            let upload = try await server.api.initialize("a.bin", size: 1000)
            let path = try target(try await server.api.partURL(upload, 1))
            let chunk = "64\r\n\(String(repeating: "x", count: 100))\r\n"
            let head = "PUT \(path) HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            let long = try await server.exchange(head + String(repeating: chunk, count: 2000) + "0\r\n\r\n")
            server.expectRefusal(try APIResponse(raw: long), 413, 90000, "chunked")
            #expect(try APIResponse(raw: long).headers["Connection"] == ["close"])
            server.expectRefusal(try await server.api.report(upload, 1, "0"), 400, 8014, "nothing is stored")

            let right = try await server.exchange(
                head.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n") + String(repeating: chunk, count: 10)
                    + "0\r\n\r\n"
            )
            let etag = try #require(try APIResponse(raw: right).headers.first(name: "ETag"))
            let reported = try await server.api.report(upload, 1, .string(etag))
            #expect(reported.status == 200)
            let completed = try await server.api.complete(upload)
            #expect(completed["size"] == 1000)
        }
    }

    @Test("a part that is cut off is not stored, and its earlier version is no longer valid", arguments: [true, false])
    func cut(isSlot: Bool) async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            // A part that does not fit its in-place region is detached.
            let partSize = isSlot ? 1 << 20 : 1 << 10
            let half = String(repeating: "x", count: 1 << 19)
            let bodies = [
                "Content-Length: \(1 << 20)\r\n\r\n", "Content-Length: \(1 << 20)\r\n\r\nx",
                "Content-Length: \(1 << 20)\r\n\r\n\(half)", "Transfer-Encoding: chunked\r\n\r\n80000\r\n\(half)\r\n",
                "Transfer-Encoding: chunked\r\n\r\n80000\r\n\(half)", "Transfer-Encoding: chunked\r\n\r\n80",
                "Transfer-Encoding: chunked\r\n\r\n80000\r\n\(half)\r\n0\r\n",
                "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
                "Transfer-Encoding: chunked\r\n\r\n80000\r\n\(half)xx",
            ]
            let bytes = pseudoRandomBytes(seed: 4, count: 1 << 20)
            let upload = try await server.api.initialize("a.bin", size: 1 << 20, partSize: partSize)
            for body in bodies {
                let what: Comment = "\(body.prefix(60))"
                let etag = try await server.api.store(upload, 1, bytes)
                let path = try target(try await server.api.partURL(upload, 1))
                try await RawConnection.with(server) { connection in
                    try await connection.write("PUT \(path) HTTP/1.1\r\nHost: x\r\n\(body)")
                }
                try await eventually("the earlier version is no longer valid after \(body.prefix(60))") {
                    try await server.api.report(upload, 1, .string(etag)).status == 400
                }
                server.expectRefusal(try await server.api.report(upload, 1, .string(etag)), 400, 8014, what)
                server.expectRefusal(try await server.api.complete(upload), 409, 8007, what)
                let details = try await server.api.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
                #expect(details["parts"] == [], what)
                #expect(details["stored_parts_count"] == 0, what)
            }
            let etag = try await server.api.store(upload, 1, bytes)
            #expect(!etag.isEmpty)
            let file = try await server.api.complete(upload).text("id")
            let kept = try await server.api.download(file)
            #expect(kept == bytes)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("a request's checksum is verified, and no part is stored on a mismatch")
    func checksums() async throws {
        try await withEnduringServer { server in
            let bytes = ByteBuffer(string: "123456789")
            let plain = Data(bytes.readableBytesView)
            let upload = try await server.api.initialize("a.bin", size: 9)
            let headers: [(name: String, right: String)] = [
                ("Content-MD5", Data(Insecure.MD5.hash(data: plain)).base64EncodedString()),
                // Check values of the CRC catalogue: CRC-64/NVME ae8b14860a799888, CRC-32C e3069283.
                ("x-amz-checksum-crc64nvme", "rosUhgp5mIg="), ("x-amz-checksum-crc32c", "4waSgw=="),
                ("x-amz-checksum-sha256", Data(SHA256.hash(data: plain)).base64EncodedString()),
            ]
            for (name, right) in headers {
                let put = try await server.api.put(upload, 1, bytes, headers: [name: right])
                #expect(put.status == 200, "\(name): \(String(buffer: put.body))")
                let etag = JSONValue.string(try #require(put.headers.first(name: "ETag")))

                let count = try #require(Data(base64Encoded: right)).count
                let bad = ["", "x", "!!!!", "rosUhgp5mI", right + "AAAA", String(right.dropLast(4)), Hex.encode(plain)]
                for value in bad {
                    let response = try await server.api.put(upload, 1, bytes, headers: [name: value])
                    server.expectRefusal(response, 400, 90000, "\(name): \(value)")
                }
                let kept = try await server.api.report(upload, 1, etag)
                #expect(kept.status == 200, "a malformed header is refused before the part is touched")

                let wrong = Data(repeating: 0, count: count).base64EncodedString()
                let response = try await server.api.put(upload, 1, bytes, headers: [name: wrong])
                server.expectRefusal(response, 400, 90000, "\(name): wrong")
                #expect(try response.text("message").contains(name))
                server.expectRefusal(try await server.api.report(upload, 1, etag), 400, 8014, "nothing is stored")
            }
            let all = HTTPHeaders(headers.map { ($0.name, $0.right) })
            let put = try await server.api.put(upload, 1, bytes, headers: all)
            #expect(put.headers["ETag"] == ["\"ae8b14860a799888\""])
        }
    }

    @Test("the MD5 declared in the initialize call is verified before the complete call returns")
    func declaredMD5() async throws {
        try await withEnduringServer(arguments: smallParts) { server in
            let right = "900150983cd24fb0d6963f7d28e17f72"  // RFC 1321: of "abc"
            for (name, md5) in [("lower", right), ("upper", right.uppercased())] {
                let upload = try await server.api.initialize(name, size: 3, partSize: 2, extra: ["md5": .string(md5)])
                // Part 2 is sent first. Part 1 is sent twice, with wrong bytes the first time.
                try await server.api.store(upload, 2, ByteBuffer(string: "c"))
                try await server.api.store(upload, 1, ByteBuffer(string: "xy"))
                server.expectRefusal(try await server.api.complete(upload), 409, 8007, "wrong bytes")
                #expect(try await server.api.complete(upload).text("message").contains("MD5"))
                let list = try await server.api.call(.GET, "/files?project=admin/uploads&name=\(name)")
                #expect(list["items"] == [])
                try await server.api.store(upload, 1, ByteBuffer(string: "ab"))
                let completed = try await server.api.complete(upload)
                #expect(completed.status == 201)
                guard case .object(let checksums) = completed["checksums"] else {
                    throw UnexpectedResponse(description: name)
                }
                #expect(checksums["md5"] == .string(right))
                let bytes = try await server.api.download(try completed.text("id"))
                #expect(bytes == ByteBuffer(string: "abc"))
            }
            let empty: JSONValue = "d41d8cd98f00b204e9800998ecf8427e"
            let upload = try await server.api.initialize("empty", size: 0, extra: ["md5": empty])
            let completed = try await server.api.complete(upload)
            #expect(completed.status == 201)
        }
    }
}
