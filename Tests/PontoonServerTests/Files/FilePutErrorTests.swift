import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonTesting
import Testing

/// File puts that are refused, interrupted or slow.
///
/// Refused and interrupted file puts leave neither a record nor bytes.
@Suite(.timeLimit(.minutes(10)))
struct FilePutErrorTests {
    private let bytes = ByteBuffer(string: "123456789")

    private func expectNothing(_ server: TestServer, files: Int = 0) async throws {
        #expect(try server.unfinishedObjects() == [])
        #expect(try server.finishedObjects() == files)
        let list = try await server.api.call(.GET, "/files?project=admin/uploads")
        #expect(list.headers["X-Total-Matching-Query"] == [String(files)])
    }

    @Test("invalid parameters and labels are refused")
    func parameters() async throws {
        try await withEnduringServer { server in
            let queries: [(String, Int, Int64)] = [
                ("", 400, 8013), ("project=admin/uploads", 400, 8013), ("name=a", 400, 8013),
                ("project=admin/uploads&parent=x&name=a", 400, 8013), ("project=x&name=a", 400, 8010),
                ("project=admin/uploads&name=", 400, 8013), ("project=admin/uploads&name=a/b", 400, 8013),
                ("project=admin/uploads&name=a&on_conflict=", 400, 8013),
                ("project=admin/uploads&name=a&on_conflict=FAIL", 400, 8013),
                ("project=admin/none&name=a", 404, 3002), ("parent=none&name=a", 404, 5026),
            ]
            for (query, status, code) in queries {
                let response = try await server.api.call(.PUT, "/files/content?\(query)", bytes: bytes)
                server.expectRefusal(response, status, code, "\(query)")
            }
            let tags = (0...100).map { "\"\($0)\"" }.joined(separator: ",")
            let labels: [(String, Int64)] = [
                ("{", 8013), ("[1]", 8013), ("{\"tags\": 1}", 8013), ("{\"metadata\": [1]}", 8013),
                ("{\"metadata\": {\"a\": {}}}", 5006), ("{\"metadata\": {\"\": \"a\"}}", 5006),
                ("{\"tags\": [\(tags)]}", 90000), ("{\"tags\": [\"\\u0000\"]}", 90000),
                ("{\"tags\": [\"\(String(repeating: "a", count: 17_000))\"]}", 8013),
            ]
            for (text, code) in labels {
                let response = try await server.api.putFile("a", bytes, headers: ["X-Pontoon-Labels": text])
                server.expectRefusal(response, 400, code, "\(text.prefix(50))")
            }
            let file = try await server.api.uploadSmall("f")
            server.expectRefusal(try await server.api.putFile("a", bytes, to: "parent=\(file)"), 400, 5022)
            server.expectRefusal(try await server.api.call(.GET, "/files/content"), 405, 90006)
            try await expectNothing(server, files: 1)
        }
    }

    @Test("access is checked as for an upload")
    func access() async throws {
        try await withTestServer { server in
            server.expectRefusal(try await server.client(token: nil).putFile("a", bytes), 401, 90001)
            let ada = try await server.addUser("ada")
            server.expectRefusal(try await ada.putFile("a", bytes), 404, 3002)
            try await server.addMember("ada", of: "admin/uploads", rights: ["read", "copy"])
            server.expectRefusal(try await ada.putFile("a", bytes), 403, 8002)
            let root = try await server.api.root()
            server.expectRefusal(try await ada.putFile("a", bytes, to: "parent=\(root)"), 403, 8002)
            let elsewhere = try await server.api.call(.POST, "/projects", ["name": "other"]).text("id")
            let details = TokenDetails(
                rights: TokenRights(scope: .upload, projects: [ProjectID(owner: "admin", shortName: "uploads")])
            )
            let uploader = server.client(token: try await server.createToken(for: "admin", details))
            server.expectRefusal(try await uploader.putFile("a", bytes, to: "project=\(elsewhere)"), 404, 3002)
            server.expectRefusal(try await uploader.putFile("a", bytes, onConflict: "overwrite"), 403, 8002)
            try await uploader.putFile("a", bytes).expect(201)
            try await expectNothing(server, files: 1)
        }
    }

    @Test("a checksum is compared before anything is stored")
    func checksums() async throws {
        try await withEnduringServer { server in
            // Check values of the CRC catalogue: CRC-64/NVME ae8b14860a799888, CRC-32C e3069283.
            let headers = [("x-amz-checksum-crc64nvme", "rosUhgp5mIg="), ("x-amz-checksum-crc32c", "4waSgw==")]
            for (name, right) in headers {
                for size in [9, 200_000] {
                    let body = ByteBuffer(repeating: 0, count: size)
                    let wrong = try await server.api.putFile("a", body, headers: [name: right])
                    server.expectRefusal(wrong, 400, 90000, "\(name)")
                }
                let malformed = try await server.api.putFile("a", bytes, headers: [name: "x"])
                server.expectRefusal(malformed, 400, 90000, "\(name)")
            }
            try await expectNothing(server)
            for (name, right) in headers {
                try await server.api.putFile(name, bytes, headers: [name: right]).expect(201)
            }
        }
    }

    @Test("a file that is too large is refused because of its declared length, or as soon as it exceeds the limit")
    func tooLong() async throws {
        try await withEnduringServer(arguments: ["--max-file-put", "64KiB"]) { server in
            let limit = 64 << 10
            try await server.api.putFile("longest", ByteBuffer(repeating: 1, count: limit)).expect(201)
            let head =
                "PUT /v2/files/content?project=admin/uploads&name=a HTTP/1.1\r\nHost: x\r\n"
                + "X-SBG-Auth-Token: \(server.token)\r\n"
            let announced = try await server.exchange("\(head)Content-Length: \(limit + 1)\r\n\r\n")
            server.expectRefusal(try APIResponse(raw: announced), 413, 90000, "announced")
            let chunk = "64\r\n\(String(repeating: "x", count: 100))\r\n"
            let chunked = try await server.exchange(
                "\(head)Transfer-Encoding: chunked\r\n\r\n" + String(repeating: chunk, count: 2000) + "0\r\n\r\n"
            )
            server.expectRefusal(try APIResponse(raw: chunked), 413, 90000, "chunked")
            for length in ["-1", "x", "99999999999999999999"] {
                let response = try await server.exchange("\(head)Content-Length: \(length)\r\n\r\n")
                server.expectRefusal(try APIResponse(raw: response), 400, 90000, "\(length)")
            }
            try await expectNothing(server, files: 1)
        }
    }

    @Test(
        "a body that is cut off is not stored",
        arguments: ["Content-Length: 300000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n493e0\r\n"]
    )
    func cut(start: String) async throws {
        try await withEnduringServer { server in
            for count in [0, 1, 200_000] {
                try await RawConnection.with(server) { connection in
                    try await connection.write(
                        "PUT /v2/files/content?project=admin/uploads&name=a HTTP/1.1\r\nHost: x\r\n"
                            + "X-SBG-Auth-Token: \(server.token)\r\n\(start)\(String(repeating: "x", count: count))"
                    )
                }
            }
            try await eventually("the server has noticed the lost connections") {
                try server.unfinishedObjects() == []
            }
            try await expectNothing(server)
        }
    }

    @Test("the timeout of requests does not apply to the bytes of a file")
    func slow() async throws {
        try await withEnduringServer(arguments: ["--request-timeout", "4s"]) { server in
            let response = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT /v2/files/content?project=admin/uploads&name=a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        + "X-SBG-Auth-Token: \(server.token)\r\nContent-Length: 2\r\n\r\na"
                )
                // This is longer than the timeout, which must not apply to the bytes of a file.
                try await Task.sleep(for: .seconds(6))
                try await connection.write("b")
                return try await connection.readToEnd()
            }
            #expect(response.hasPrefix("HTTP/1.1 201"), "\(response)")
        }
    }

    @Test("a quota is checked before a large body is read, and again when the file is stored")
    func quota() async throws {
        try await withTestServer(.live, arguments: ["--project-quota", "100KiB"]) { server in
            let head =
                "PUT /v2/files/content?project=admin/uploads&name=a HTTP/1.1\r\nHost: x\r\n"
                + "X-SBG-Auth-Token: \(server.token)\r\nContent-Length: 200000\r\n\r\n"
            let refused = try APIResponse(raw: try await server.exchange(head))
            server.expectRefusal(refused, 409, 90007, "refused before the body is read")
            let half = ByteBuffer(repeating: 1, count: 60 << 10)
            let statuses = try await concurrently(2) { number in
                try await server.api.putFile("\(number)", half).status
            }
            #expect(statuses.sorted() == [201, 409], "two files compete for the last bytes")
            try await expectNothing(server, files: 1)
        }
    }
}
