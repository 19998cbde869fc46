import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Synchronization
import Testing

/// Archive puts: the stored files and folders, conflicts, refusals and limits.
@Suite(.timeLimit(.minutes(10)))
struct ArchivePutTests {
    /// One file for each range of sizes that the server handles differently.
    private static let sizes = ["run/empty": 0, "run/sub/small": 3, "run/limit": 1 << 20, "run/long": 3_000_000]

    @Test("files and folders have the paths, bytes, checksums and labels of the archive")
    func files() async throws {
        try await withEnduringServer { server in
            let index = try await server.api.call(.GET, "/")
            #expect(index["extensions"]?.strings?.contains("archive_put") == true)
            var tar = TarBuilder()
            tar.add("run/sub/", type: "5")
            var contents: [String: ByteBuffer] = [:]
            for (path, size) in Self.sizes.sorted(by: { $0.key < $1.key }) {
                let bytes = pseudoRandomBytes(seed: UInt64(size), count: size)
                contents[path] = bytes
                tar.addRecords([
                    "PONTOON.checksum": try #require(CRC64NVME(hex: tag(of: bytes))).base64,
                    "PONTOON.labels": #"{"metadata": {"sample_id": "ü"}, "tags": ["t"]}"#,
                ])
                tar.add(path, Array(bytes.readableBytesView))
            }
            let archive = try await server.api.putArchive(tar.finished())
            #expect(archive.response.headers["Content-Type"] == ["application/x-ndjson"])
            #expect(
                archive.results
                    == ["run/sub created"] + Self.sizes.keys.sorted().map { "\($0) created" }
            )
            let total = Int64(Self.sizes.values.reduce(0, +))
            #expect(
                archive.summary == ["summary": ["files": 4, "folders": 1, "failed": 0, "bytes": .integer(total)]]
            )
            for (path, bytes) in contents {
                let line = try #require(archive[path])
                let id = try #require(line["id"]?.scalarText)
                #expect(line["checksums"] == ["crc64nvme": .string(tag(of: bytes))])
                #expect(line["size"] == .integer(Int64(bytes.readableBytes)) && line["type"] == "file")
                #expect(try await server.api.download(id) == bytes, "\(path)")
                let file = try await server.api.call(.GET, "/files/\(id)")
                #expect(file["name"] == line["name"])
                #expect(file["metadata"] == ["sample_id": "ü"] && file["tags"] == ["t"])
            }
            let folder = try #require(archive["run/sub"]?["id"]?.scalarText)
            #expect(try await server.api.listed("/files?parent=\(folder)", "name") == ["small"])
            #expect(try server.unfinishedObjects() == [])
            #expect(try server.finishedObjects() == 4)
        }
    }

    @Test("folders whose names differ only in their Unicode normalization are different folders")
    func spellings() async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            for path in ["\u{E4}/file", "a\u{308}/file"] { tar.add(path, Array(path.utf8)) }
            let archive = try await server.api.putArchive(tar.finished(), onConflict: "overwrite")
            #expect(archive.summary?["summary"]?["files"] == 2, "\(archive)")
            for (line, path) in zip(archive.lines, ["\u{E4}/file", "a\u{308}/file"]) {
                let id = try #require(line["id"]?.scalarText)
                #expect(try await server.api.download(id) == ByteBuffer(string: path))
            }
            #expect(try server.finishedObjects() == 2)
        }
    }

    @Test("a path that is too long is reported with at most 255 bytes")
    func longPath() async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            tar.addRecords(["path": String(repeating: "x/", count: 50_000) + "x"])
            tar.add("short", [1])
            tar.add("good", [1])
            let archive = try await server.api.putArchive(tar.finished())
            #expect(archive.summary?["summary"]?["failed"] == 1, "\(archive.results.map { $0.suffix(100) })")
            #expect(archive.summary?["summary"]?["files"] == 1)
            #expect(archive.lines.first?["path"]?.scalarText?.utf8.count == 255)
        }
    }

    @Test("the lines of refused entries have a maximum total length, beyond which refusals are only counted")
    func unreported() async throws {
        try await withTestServer { server in
            // A valid path is reported in full, whatever its length.
            let path = Array(repeating: String(repeating: "n", count: 200), count: 20).joined(separator: "/")
            var link = TarBuilder()
            link.addRecords(["path": path])
            link.add("x", type: "2")
            var tar = TarBuilder()
            for _ in 0..<1200 { tar.add(raw: link.bytes) }
            tar.add("good", [1])
            let archive = try await server.api.putArchive(tar.finished())
            let refused = archive.lines.count { $0["path"] == .string(path) }
            #expect(archive.response.bodyText.utf8.count < 5 << 20)
            #expect(refused > 800 && refused < 1200)
            #expect(archive["good"]?["result"] == "created")
            #expect(
                archive.summary == [
                    "summary": [
                        "files": 1, "folders": 0, "failed": 1200, "bytes": 1,
                        "unreported": .integer(Int64(1200 - refused)),
                    ]
                ]
            )
        }
    }

    @Test("on_conflict applies to each file, and existing folders are reused")
    func conflicts() async throws {
        try await withEnduringServer { server in
            let cases: [(rule: String?, String)] = [
                (nil, "created"), ("fail", "8005"), ("skip", "existing"), ("overwrite", "created"),
                ("rename", "created"),
            ]
            for (number, (rule, expected)) in cases.enumerated() {
                let archive = TarBuilder.archive(["d/a": "\(number)", "d/new-\(number)": "\(number)"])
                let results = try await server.api.putArchive(archive, onConflict: rule).results
                #expect(results == ["d/a \(expected)", "d/new-\(number) created"], "\(rule ?? "none")")
            }
            let folder = try await server.api.putArchive(TarBuilder.archive(["d/": ""])).results
            #expect(folder == ["d existing"])
            #expect(try server.finishedObjects() == 7)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test(
        "on_conflict also applies to a name that occurs twice in an archive",
        arguments: ["fail", "skip", "overwrite", "rename"]
    )
    func duplicates(rule: String) async throws {
        try await withTestServer(.live) { server in
            let archive = try await server.api.putArchive(
                TarBuilder.archive(["a": "1", "b": "x", "a": "2", "c": "y"]),
                onConflict: rule
            )
            let second = ["fail": "8005", "skip": "existing"][rule] ?? "created"
            #expect(archive.results == ["a created", "b created", "a \(second)", "c created"])
            let names = Set(try await server.api.listed("/files?project=admin/uploads", "name"))
            #expect(names == Set(["a", "b", "c"] + (rule == "rename" ? ["_1_a"] : [])))
            let last = try #require(archive["a"]?["id"]?.scalarText ?? archive.lines.first?["id"]?.scalarText)
            let text = ["fail": "1", "skip": "1"][rule] ?? "2"
            #expect(try await server.api.download(last) == ByteBuffer(string: text))
            #expect(try server.finishedObjects() == names.count)
        }
    }

    @Test("an entry that cannot be stored is refused without affecting the others")
    func refused() async throws {
        try await withEnduringServer { server in
            try await server.api.putFile("file", ByteBuffer(string: "x")).expect(201)
            _ = try await server.api.makeFolder("folder")
            var tar = TarBuilder()
            for path in ["/abs", "../up", "a/../b", "__x/a", "file/a", "file/b/c", "folder"] { tar.add(path, [1]) }
            for type in "12346" { tar.add("type \(type)", type: type) }
            tar.addRecords(["PONTOON.checksum": "AAAAAAAAAAA="])
            tar.add("wrong", [1])
            tar.addRecords(["PONTOON.checksum": "AAAAAAAAAAA="])
            tar.add("wrong and long", [UInt8](repeating: 1, count: 2_000_000))
            tar.addRecords(["PONTOON.checksum": "?"])
            tar.add("malformed", [1])
            tar.addRecords(["PONTOON.labels": "{"])
            tar.add("labels", [1])
            tar.add("file/", type: "5")
            tar.add("last", [1])
            let archive = try await server.api.putArchive(tar.finished())
            #expect(
                archive.results == [
                    "/abs 5024", "../up 5024", "a/../b 5024", "__x/a 5024", "file/a 5003", "file/b/c 5003",
                    "folder 5030", "type 1 90000", "type 2 90000", "type 3 90000", "type 4 90000", "type 6 90000",
                    "wrong 90000", "wrong and long 90000", "malformed 90000", "labels 8013", "file 5003",
                    "last created",
                ]
            )
            let error = try #require(archive["/abs"]?["error"])
            #expect(error["status"] == 400 && error["message"]?.scalarText?.isEmpty == false)
            #expect(archive.summary?["summary"]?["failed"] == 17 && archive.summary?["error"] == nil)
            #expect(try server.finishedObjects() == 2)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("an archive that ends early leaves exactly its complete files", arguments: [0, 300, 1800, 5000, 2_500_000])
    func truncated(length: Int) async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            for number in 0..<3 { tar.add("a\(number)", [UInt8](repeating: 1, count: 512)) }
            tar.add("long", [UInt8](repeating: 2, count: 2_000_000))
            let bytes = tar.bytes.prefix(length)
            let archive = try await server.api.putArchive(ByteBuffer(bytes: bytes))
            let whole = [0: 0, 300: 0, 1800: 1, 5000: 3][length] ?? 4
            #expect(archive.summary?["error"]?["status"] == 400, "\(archive.response.bodyText)")
            #expect(archive.summary?["summary"]?["files"] == .integer(Int64(whole)))
            #expect(archive.results.count == whole)
            #expect(try server.finishedObjects() == whole)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("a body that is not an archive is reported in the summary")
    func notAnArchive() async throws {
        try await withTestServer { server in
            let archive = try await server.api.putArchive(ByteBuffer(string: String(repeating: "x", count: 600)))
            #expect(archive.summary?["error"]?["message"]?.scalarText == "The body is not a tar archive.")
            let zip = try await server.api.putArchive(ByteBuffer(string: "x"), headers: ["Content-Encoding": "br"])
            server.expectRefusal(zip.response, 415, 90008)
            let gzip = try await server.api.putArchive(
                ByteBuffer(string: "no gzip"),
                headers: ["Content-Encoding": "gzip"]
            )
            #expect(gzip.summary?["error"]?["message"]?.scalarText == "The body is not valid gzip.")
        }
    }

    @Test("the destination and the permissions are checked before anything is received")
    func destination() async throws {
        try await withTestServer { server in
            let tar = TarBuilder.archive(["a": "1"])
            for (place, status, code) in [
                ("", 400, 8013), ("project=admin/uploads&parent=x", 400, 8013), ("project=x", 400, 8010),
                ("project=admin/none", 404, 3002), ("parent=none", 404, 5026),
                ("project=admin/uploads&on_conflict=x", 400, 8013),
            ] as [(String, Int, Int64)] {
                server.expectRefusal(try await server.api.putArchive(tar, to: place).response, status, code, "\(place)")
            }
            let ada = try await server.addUser("ada")
            server.expectRefusal(try await ada.putArchive(tar).response, 404, 3002)
            try await server.api.addMember("ada", of: "admin/uploads", [])
            server.expectRefusal(try await ada.putArchive(tar).response, 403, 8002)
            let folder = try await server.api.makeFolder("f")
            #expect(try await server.api.putArchive(tar, to: "parent=\(folder)").results == ["a created"])
            #expect(try await server.api.listed("/files?parent=\(folder)", "name") == ["a"])
        }
    }

    @Test("quotas apply to each file")
    func quota() async throws {
        try await withTestServer { server in
            let change = QuotaChange(bytes: .limit(10), files: .limit(3))
            let project = ProjectID(owner: "admin", shortName: "uploads")
            _ = try await server.app.stores.metadata.setQuota(change, of: .project(project))
            let archive = try await server.api.putArchive(
                TarBuilder.archive(["a": "12345678", "b": "123", "c": "12", "d": "", "e": ""])
            )
            let results = archive.lines.map { $0["error"]?["code"]?.integer ?? 0 }
            #expect(results.map { $0 == 0 } == [true, false, true, true, false], "\(archive.results)")
            #expect(try server.finishedObjects() == 3)
            #expect(try server.unfinishedObjects() == [])
            // Bytes that cannot be stored are refused before their checksum is compared.
            var tar = TarBuilder()
            tar.addRecords(["PONTOON.checksum": "AAAAAAAAAAA="])
            tar.add("f", Array("123".utf8))
            let refused = try await server.api.putArchive(tar.finished())
            #expect(refused.lines.first?["error"]?["code"] == archive.lines[1]["error"]?["code"], "\(refused.results)")
        }
    }

    @Test("parallel archives share folders and names")
    func parallel() async throws {
        try await withEnduringServer { server in
            let results = try await concurrently(4) { number in
                var tar = TarBuilder()
                for file in 0..<100 { tar.add("d/\(file % 7)/\(file)", Array("\(number)".utf8)) }
                return try await server.api.putArchive(tar.finished(), onConflict: "skip")
            }
            let created = results.flatMap(\.results).filter { $0.hasSuffix("created") }
            #expect(created.count == 100 && Set(created).count == 100)
            #expect(results.allSatisfy { $0.summary?["summary"]?["files"] == 100 })
            #expect(try server.finishedObjects() == 100)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("the number of archives that the server receives at once is limited, and a refused one can be sent again")
    func limit() async throws {
        try await withTestServer(.live) { server in
            let head = """
                POST /v2/upload/archive?project=admin/uploads HTTP/1.1\r\nHost: x\r\nX-SBG-Auth-Token: \(server.token)\r
                Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n
                """
            let block = "200\r\n" + String(repeating: "\0", count: 512) + "\r\n"
            let tar = TarBuilder.archive(["a": "1"])
            let refused = Refusals()
            try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        try await RawConnection.with(server) { connection in
                            try await connection.write(head + block)
                            async let response = Self.response(of: connection, refused)
                            try await eventually("four archives are refused") {
                                refused.count.load(ordering: .relaxed) == 4
                            }
                            // Fails if this archive was refused, because the server has closed the connection.
                            try? await connection.write(block + "0\r\n\r\n")
                            return try await response
                        }
                    }
                }
                let responses = try await group.reduce(into: []) { $0.append($1) }
                #expect(responses.count { $0.contains("\"summary\"") } == 4, "\(responses)")
                #expect(responses.count { $0.hasPrefix("HTTP/1.1 503") } == 4, "\(responses)")
                try await eventually("an archive is accepted") {
                    try await server.api.putArchive(tar, onConflict: "skip").response.status == 200
                }
            }
        }
    }

    private static func response(of connection: RawConnection, _ refused: Refusals) async throws -> String {
        let response = try await connection.readToEnd()
        if response.hasPrefix("HTTP/1.1 503") {
            refused.count.wrappingAdd(1, ordering: .relaxed)
        }
        return response
    }
}

/// The number of archives that the server has refused.
private final class Refusals: Sendable {
    let count = Atomic(0)
}
