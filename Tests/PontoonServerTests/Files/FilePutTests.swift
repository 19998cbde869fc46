import Crypto
import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// File puts: the stored files, conflicts, connections and crash recovery.
@Suite(.timeLimit(.minutes(10)))
struct FilePutTests {
    @Test("a file has the bytes, the checksums, the name and the labels of the call", arguments: [0, 3, 3_000_000])
    func file(size: Int) async throws {
        try await withEnduringServer { server in
            let index = try await server.api.call(.GET, "/")
            #expect(index["extensions"]?.strings?.contains("file_put") == true)
            let bytes = pseudoRandomBytes(seed: 1, count: size)
            let md5 = Insecure.MD5.hash(data: Data(bytes.readableBytesView))
            let labels = #"{"metadata": {"sample_id": "ü1", "lane": 2, "gone": null}, "tags": ["b", "a"]}"#
            let response = try await server.api.putFile(
                "ü & b+c.bin",
                bytes,
                headers: ["X-Pontoon-Labels": labels, "Content-MD5": Data(md5).base64EncodedString()]
            )
            #expect(response.status == 201, "\(response.bodyText)")
            #expect(response["name"] == "ü & b+c.bin" && response["size"] == .integer(Int64(size)))
            #expect(response["metadata"] == ["sample_id": "ü1", "lane": "2"] && response["tags"] == ["b", "a"])
            var crc64 = CRC64NVME()
            bytes.withUnsafeReadableBytes { crc64.update($0) }
            #expect(response["checksums"]?["crc64nvme"] == .string(crc64.hex))
            #expect(response["checksums"]?["md5"] == .string(Hex.encode(md5)))
            #expect(try response.text("path").hasSuffix("/ü & b+c.bin"))
            let file = try response.text("id")
            #expect(try await server.api.download(file) == bytes)
            let details = try await server.api.call(.GET, "/files/\(file)")
            for field in ["name", "size", "metadata", "tags", "checksums", "parent", "created_on"] {
                #expect(details[field] == response[field], "\(field)")
            }
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("a file is stored in a folder, even if its length is not declared")
    func chunked() async throws {
        try await withEnduringServer { server in
            let folder = try await server.api.makeFolder("run")
            let request = """
                PUT /v2/files/content?parent=\(folder)&name=a HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n
                """
            let response = try APIResponse(raw: try await server.exchange(request))
            #expect(response.status == 201 && response["parent"] == .string(folder), "\(response.bodyText)")
            #expect(try await server.api.download(try response.text("id")) == ByteBuffer(string: "abcde"))
        }
    }

    @Test("on_conflict refuses the file, keeps or replaces the existing one, or numbers the name")
    func conflicts() async throws {
        try await withEnduringServer { server in
            func put(_ text: String, _ rule: String?) async throws -> APIResponse {
                try await server.api.putFile("a.bin", ByteBuffer(string: text), onConflict: rule)
            }
            let first = try await put("1", "skip")
            #expect(first.status == 201)
            for rule in [nil, "fail"] { server.expectRefusal(try await put("2", rule), 409, 8005, "\(rule ?? "none")") }
            let kept = try await put("2", "skip")
            #expect(kept.status == 200 && kept["id"] == first["id"])
            #expect(kept["checksums"] == first["checksums"], "clients compare the checksum")
            for name in ["_1_a.bin", "_2_a.bin"] {
                let renamed = try await put("3", "rename")
                #expect(renamed.status == 201 && renamed["name"] == .string(name))
            }
            let replaced = try await put("4", "overwrite")
            #expect(replaced.status == 201 && replaced["name"] == "a.bin" && replaced["id"] != first["id"])
            let old = try await server.api.call(.GET, "/files/\(try first.text("id"))")
            #expect(old.status == 404)
            #expect(try await server.api.download(try replaced.text("id")) == ByteBuffer(string: "4"))
            #expect(try server.finishedObjects() == 3)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("of several files with the same name that are sent concurrently, exactly one is stored")
    func race() async throws {
        try await withEnduringServer { server in
            let statuses = try await concurrently(8) { number in
                try await server.api.putFile("a.bin", ByteBuffer(string: "\(number)")).status
            }
            #expect(statuses.sorted() == [201] + Array(repeating: 409, count: 7))
            let skipped = try await concurrently(8) { number in
                try await server.api.putFile("b.bin", ByteBuffer(string: "\(number)"), onConflict: "skip")
            }
            #expect(skipped.map(\.status).sorted() == Array(repeating: 200, count: 7) + [201])
            #expect(Set(skipped.map { $0["id"] }).count == 1)
            #expect(try server.finishedObjects() == 2)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("a connection stays open after a file is stored, refused or skipped, if the body is small")
    func keepAlive() async throws {
        try await withTestServer(.live) { server in
            try await RawConnection.with(server) { connection in
                for (name, status) in [("a", 201), ("a", 409), ("%00", 400), ("a&on_conflict=skip", 200), ("b", 201)] {
                    try await connection.write(
                        """
                        PUT /v2/files/content?project=admin/uploads&name=\(name) HTTP/1.1\r\nHost: x\r
                        X-SBG-Auth-Token: \(server.token)\r\nContent-Length: 3\r\n\r\nabc
                        """
                    )
                    // The response ends with the last field of a file or an error.
                    let response = try await connection.read(
                        until: status < 300 ? "\"file\"}" : "\"status\":\(status)}"
                    )
                    #expect(response.contains("HTTP/1.1 \(status)"), "\(name): \(response)")
                    #expect(!response.lowercased().contains("connection: close"), "\(name)")
                }
            }
        }
    }

    @Test("a client that expects 100 Continue does not send the body of a file that is refused")
    func expectContinue() async throws {
        try await withEnduringServer { server in
            try await server.api.putFile("a", ByteBuffer(string: "abc")).expect(201)
            let head = "HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r\nExpect: 100-continue\r\n"
            let target = "PUT /v2/files/content?project=admin/uploads&name="
            let refused = try APIResponse(
                raw: try await server.exchange("\(target)a \(head)Content-Length: 3\r\n\r\n")
            )
            server.expectRefusal(refused, 409, 8005)
            #expect(refused.headers["Connection"] == ["close"])
            let accepted = try await RawConnection.with(server) { connection in
                try await connection.write("\(target)b \(head)Content-Length: 3\r\nConnection: close\r\n\r\n")
                return try await connection.readToEnd(after: "100 Continue") { try await connection.write("abc") }
            }
            #expect(accepted.contains("HTTP/1.1 201"), "\(accepted)")
        }
    }

    @Test("after a crash, a file with a committed record remains, and the bytes of other files are removed")
    func recovery() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let (objects, bytes) = (data.appending("objects"), ByteBuffer(string: "abc"))
            let (file, key) = try await withTestServer(on: data) { server in
                let file = try await server.api.putFile("a", bytes).text("id")
                let key = try await server.app.stores.metadata.file(file)?.content?.key.rawValue
                return (file, try #require(key))
            }
            func object(_ key: String) -> String { objects.appending("files/\(key.suffix(2))/\(key)").string }
            func marker(_ key: String) -> String { objects.appending("uploads/\(key).put").string }
            // Simulates servers that were killed after the commit, before the commit, and while the body arrived.
            #expect(link(object(key), marker(key)) == 0)
            let lost = String(key.dropLast(3).reversed()) + key.suffix(3)
            #expect(FileManager.default.createFile(atPath: object(lost), contents: Data("b".utf8)))
            #expect(link(object(lost), marker(lost)) == 0)
            let partial = String(repeating: "0", count: 32)
            #expect(FileManager.default.createFile(atPath: marker(partial), contents: Data("a".utf8)))
            try await withTestServer(on: data, .live) { server in
                #expect(try server.unfinishedObjects() == [])
                #expect(try server.finishedObjects() == 1)
                let kept = try await server.api.download(file)
                #expect(kept == bytes)
            }
        }
    }

    @Test("the usage of the project and its owner include the file")
    func usage() async throws {
        try await withTestServer { server in
            try await server.api.putFile("a", ByteBuffer(string: "abc")).expect(201)
            let usage = try await server.api.call(.GET, "/projects/admin/uploads?fields=usage")
            #expect(usage["usage"]?["stored_bytes"] == 3 && usage["usage"]?["files"] == 1, "\(usage.bodyText)")
        }
    }
}

extension APIResponse {
    func expect(_ status: Int) {
        #expect(self.status == status, "\(bodyText)")
    }
}
