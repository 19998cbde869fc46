import Foundation
import NIOCore
import NIOHTTP1
import PontoonApp
import PontoonCore
import PontoonMetadata
import PontoonTesting
import SystemPackage
import Testing

/// Archive puts as streams: archives of other programs, broken connections, and compressed bodies.
@Suite(.timeLimit(.minutes(10)))
struct ArchiveStreamTests {
    private static let head = "POST /v2/upload/archive?project=admin/uploads HTTP/1.1\r\nHost: x\r\n"

    /// Runs a shell script in a folder, and returns its output.
    @discardableResult
    private static func run(_ script: String, in folder: FilePath) async throws -> [UInt8] {
        try await runProgram("/bin/sh", ["-euc", script], in: folder)
    }

    @Test(
        "archives of GNU tar and of Python are stored, compressed or not",
        arguments: [
            "tar -c --format=v7 short", "tar -c --format=oldgnu run", "tar -c --format=gnu run",
            "tar -c --format=posix run", "tar -c --format=ustar short", "tar -cz run", "tar -c -b 1 run | gzip -9",
            "tar -cz run; head -c 100000 /dev/zero",
            "python3 -c 'import sys, tarfile\nwith tarfile.open(fileobj=sys.stdout.buffer, mode=\"w|\") as t: t.add(\"run\")'",
        ]
    )
    func programs(command: String) async throws {
        try await withEnduringServer { server in
            try await withTemporaryFolder { folder in
                let deep = "run/" + String(repeating: "d", count: 120) + "/" + String(repeating: "e", count: 120)
                try await Self.run(
                    """
                    mkdir -p \(deep) short
                    printf abc > short/a; : > short/empty
                    printf abc > run/a; printf ü > 'run/ü b'; : > run/empty; head -c 100000 /dev/urandom > \(deep)/file
                    """,
                    in: folder
                )
                let archive = try await Self.run(command, in: folder)
                let isCompressed = archive.starts(with: [0x1F, 0x8B])
                let response = try await server.api.putArchive(
                    ByteBuffer(bytes: archive),
                    headers: isCompressed ? ["Content-Encoding": "gzip"] : [:]
                )
                #expect(response.summary?["error"] == nil, "\(response.response.bodyText)")
                #expect(response.summary?["summary"]?["failed"] == 0, "\(response.response.bodyText)")
                let paths = try await Self.run("find short run -type f", in: folder)
                let expected = String(decoding: paths, as: UTF8.self).split(separator: "\n").map(String.init)
                    .filter { command.contains("short") == $0.hasPrefix("short") }
                let files = response.lines.filter { $0["type"] == "file" }
                #expect(Set(files.compactMap { $0["path"]?.scalarText }) == Set(expected))
                for path in expected {
                    let id = try #require(response[path]?["id"]?.scalarText)
                    let bytes = try Data(contentsOf: URL(filePath: folder.appending(path).string))
                    #expect(try await server.api.download(id) == ByteBuffer(bytes: bytes), "\(path)")
                }
            }
        }
    }

    @Test("an entry is reported before the next one is sent, and each batch before the archive ends")
    func linesArriveEarly() async throws {
        try await withTestServer(.live) { server in
            let response = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "\(Self.head)X-SBG-Auth-Token: \(server.token)\r\nTransfer-Encoding: chunked\r\n\r\n"
                )
                var all = ""
                for number in 0..<3 {
                    var tar = TarBuilder()
                    tar.add("file-\(number)", [1])
                    try await connection.write(ByteBuffer(string: "\(String(tar.bytes.count, radix: 16))\r\n"))
                    try await connection.write(ByteBuffer(bytes: tar.bytes + Array("\r\n".utf8)))
                    all += try await connection.read(until: "\"path\":\"file-\(number)\"")
                }
                try await connection.write("400\r\n\(String(repeating: "\0", count: 1024))\r\n0\r\n\r\n")
                return all + (try await connection.readToEnd())
            }
            #expect(response.contains("\"files\":3") && response.lowercased().contains("connection: close"))
        }
    }

    @Test("a client that expects 100 Continue does not send an archive that is refused")
    func expectContinue() async throws {
        try await withEnduringServer { server in
            let tar = TarBuilder.archive(["a": "abc"])
            let token = "X-SBG-Auth-Token: \(server.token)\r\n"
            let length = "Expect: 100-continue\r\nContent-Length: \(tar.readableBytes)\r\n\r\n"
            let refused = try APIResponse(
                raw: try await server.exchange(
                    "POST /v2/upload/archive?project=admin/none HTTP/1.1\r\nHost: x\r\n\(token)\(length)"
                )
            )
            server.expectRefusal(refused, 404, 3002)
            let accepted = try await RawConnection.with(server) { connection in
                try await connection.write(Self.head + token + length)
                return try await connection.readToEnd(after: "100 Continue") { try await connection.write(tar) }
            }
            #expect(accepted.hasPrefix("HTTP/1.1 100"), "\(accepted)")
            #expect(accepted.contains("HTTP/1.1 200") && accepted.contains("\"files\":1"), "\(accepted)")
        }
    }

    @Test("a connection that breaks leaves only complete files", arguments: [1 << 10, 2_500_000])
    func cut(length: Int) async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            tar.add("a", [1, 2, 3])
            tar.add("long", [UInt8](repeating: 2, count: 2_000_000))
            tar.add("never", [UInt8](repeating: 3, count: 2_000_000))
            let bytes = tar.bytes
            try await RawConnection.with(server) { connection in
                let size = bytes.count + 1024
                try await connection.write(
                    "\(Self.head)X-SBG-Auth-Token: \(server.token)\r\nContent-Length: \(size)\r\n\r\n"
                )
                try await connection.write(ByteBuffer(bytes: bytes.prefix(length)))
                _ = try await connection.read(until: length > 2_000_000 ? "\"path\":\"long\"" : "\"path\":\"a\"")
            }
            let expected = length > 2_000_000 ? ["a", "long"] : ["a"]
            try await eventually("the upload is abandoned") { try server.unfinishedObjects().isEmpty }
            #expect(try await server.api.listed("/files?project=admin/uploads", "name") == expected)
            #expect(try server.finishedObjects() == expected.count)
        }
    }

    @Test("a body that is not well-formed HTTP is the client's error, in the summary and the log")
    func malformedBody() async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            tar.add("a", [1])
            let start = "\(Self.head)X-SBG-Auth-Token: \(server.token)\r\nTransfer-Encoding: chunked\r\n\r\n"
            let chunk = Array("\(String(tar.bytes.count, radix: 16))\r\n".utf8) + tar.bytes
            for end in ["\r\nno length\r\n", "no line feed", "\r\n-1\r\n"] {
                let response = try await RawConnection.with(server) { connection in
                    try await connection.write(ByteBuffer(bytes: Array(start.utf8) + chunk + Array(end.utf8)))
                    return try await connection.read(until: "\"summary\"")
                }
                #expect(response.contains("\"summary\""), "\(end.debugDescription): \(response)")
                #expect(response.contains("\"code\":90000") && response.contains("\"status\":400"), "\(response)")
            }
            try await eventually("the error is logged") { server.log.contains("debug request body malformed") }
            #expect(!server.log.contains("internal error"))
        }
    }

    @Test("a client that closes the connection in the middle of a body causes no error in the log")
    func closed() async throws {
        try await withEnduringServer { server in
            var tar = TarBuilder()
            tar.add("a", [1])
            let start = tar.bytes
            try await RawConnection.with(server) { connection in
                try await connection.write(
                    "\(Self.head)X-SBG-Auth-Token: \(server.token)\r\nContent-Length: 1000000\r\n\r\n"
                )
                try await connection.write(ByteBuffer(bytes: start))
                _ = try await connection.read(until: "\"path\":\"a\"")
            }
            try await eventually("the end is logged") {
                server.log.contains("debug request body malformed") || server.log.contains("debug connection closed")
            }
            #expect(!server.log.contains("internal error"))
        }
    }

    @Test("truncated or damaged gzip data leaves the files before the damage", arguments: ["short", "damaged"])
    func damagedGzip(kind: String) async throws {
        try await withEnduringServer { server in
            try await withTemporaryFolder { folder in
                var archive = try await Self.run(
                    "head -c 300000 /dev/urandom > a; head -c 300000 /dev/urandom > b; tar -cz a b",
                    in: folder
                )
                if kind == "short" { archive.removeLast(9) } else { archive[archive.count - 1000] ^= 0xFF }
                let response = try await server.api.putArchive(
                    ByteBuffer(bytes: archive),
                    headers: ["Content-Encoding": "gzip"]
                )
                #expect(response.summary?["error"]?["status"] == 400, "\(response.response.bodyText)")
                #expect(response["a"]?["result"] == "created")
                #expect(try server.unfinishedObjects() == [])
            }
        }
    }

    @Test("a small compressed body that expands to a file beyond the quota is refused")
    func bomb() async throws {
        try await withTestServer { server in
            try await withTemporaryFolder { folder in
                // 200 MB of zeros, in a file that exceeds the quota.
                let archive = try await Self.run(
                    "truncate -s 200M big; tar -c big | gzip -1",
                    in: folder
                )
                #expect(archive.count < 2_000_000)
                let quota = QuotaChange(bytes: .limit(1 << 20), files: nil)
                let project = ProjectID(owner: "admin", shortName: "uploads")
                _ = try await server.app.stores.metadata.setQuota(quota, of: .project(project))
                let response = try await server.api.putArchive(
                    ByteBuffer(bytes: archive),
                    headers: ["Content-Encoding": "gzip"]
                )
                #expect(response.results == ["big 90007"])
                #expect(try server.unfinishedObjects() == [])
            }
        }
    }

    @Test("a small compressed body that expands to many bytes that are not the content of files is refused")
    func overheadBomb() async throws {
        try await withTestServer { server in
            try await withTemporaryFolder { folder in
                // A volume label, which is ignored.
                let script = """
                    import sys, tarfile
                    label = tarfile.TarInfo("label")
                    label.type, label.size = b"V", 60 << 20
                    sys.stdout.buffer.write(label.tobuf() + bytes(label.size + 1024))
                    """
                let archive = try await Self.run("python3 -c '\(script)' | gzip", in: folder)
                #expect(archive.count < 200_000)
                let response = try await server.api.putArchive(
                    ByteBuffer(bytes: archive),
                    headers: ["Content-Encoding": "gzip"]
                )
                #expect(response.summary?["error"]?["code"] == 90000, "\(response.response.bodyText)")
                let message = response.summary?["error"]?["message"]?.scalarText
                #expect(message?.hasPrefix("The archive expands too much") == true)
            }
        }
    }
}
