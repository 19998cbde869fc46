import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Senders that stall, and more bytes at once than the server may hold in memory.
@Suite(.timeLimit(.minutes(2)))
struct SlowAndLargeTests {
    /// The server's memory never grows beyond this with 64 parts at once, however long they are.
    ///
    /// Stated in docs/operations.md, with what was measured: one read of 1 MiB waits for each connection while another is
    /// being written.
    private static let memoryBound = 256 << 20

    @Test("a sender that stalls holds up nobody who sends the same part")
    func stalledSender() async throws {
        // If the second sender had to wait for the first, this test would not end in time.
        try await withServer(arguments: smallParts + ["--idle-timeout", "1h"]) { server in
            let api = server.api
            let bytes = pseudoRandomBytes(seed: 1, count: 1 << 20)
            let upload = try await api.initialize("stalled", size: bytes.readableBytes, partSize: 1 << 20)
            let url = try await api.partURL(upload, 1)
            try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: \(bytes.readableBytes)\r\n\r\n"
                )
                try await connection.write(pseudoRandomBytes(seed: 2, count: 100_000))
                try await eventually("the first bytes are written") {
                    let key = try #require(try server.unfinishedObjects().first)
                    return try firstBytes(server.data.appending("objects/uploads/\(key)")) != Data(count: 8)
                }
                try await api.store(upload, 1, bytes)
            }
            let file = try await api.complete(upload).text("id")
            #expect(try await api.download(file) == bytes)
        }
    }

    @Test(
        "a sender that stalls is cut off, its part is not stored, and its side file or bytes are gone",
        arguments: [(true, 1000), (false, 1000), (true, 100_000)]
    )
    func stalledPart(declaresSize: Bool, partSize: Int) async throws {
        try await withServer(arguments: smallParts + ["--idle-timeout", "2s"]) { server in
            let api = server.api.withoutKeepAlive
            let upload = try await api.initialize("stalled", size: declaresSize ? 200_000 : nil, partSize: partSize)
            let url = try await api.partURL(upload, 1)
            let sent = pseudoRandomBytes(seed: 3, count: 50_000)
            let answer = try await RawConnection.with(server) { connection in
                // Longer than a slot of 1000 bytes, so it goes to a file of its own there.
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                )
                try await connection.write(sent)
                return try await connection.readToEnd()
            }
            #expect(!answer.contains("HTTP/1.1 200") && !answer.lowercased().contains("etag"), "\(answer)")
            server.expectRefusal(try await api.report(upload, 1, .string(tag(of: sent))), 400, 8014)
            for name in try server.unfinishedObjects() where name.hasSuffix(".parts") {
                let folder = server.data.appending("objects/uploads/\(name)").string
                try await eventually("the side file is gone") {
                    try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty
                }
            }
            #expect(try await api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    @Test("64 parts of 16 MiB at once stay within the memory bound", .timeLimit(.minutes(5)))
    func manyParts() async throws {
        try await withServer { server in
            let bytes = pseudoRandomBytes(seed: 4, count: 16 << 20)
            let tag = tag(of: bytes)
            for declaresSize in [true, false] {
                let size = declaresSize ? 64 * bytes.readableBytes : nil
                let upload = try await server.api.initialize("many-\(declaresSize)", size: size, partSize: 16 << 20)
                try await withThrowingTaskGroup { group in
                    for number in 1...64 {
                        let url = try await server.api.partURL(upload, number)
                        group.addTask {
                            var api = server.api
                            api.http = impatientHTTP
                            let answer = try await api.send(.PUT, url, bytes)
                            #expect(answer.headers["ETag"] == ["\"\(tag)\""], "part \(number): \(answer.status)")
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            }
            let peak = try server.peakMemory()
            #expect(peak < Self.memoryBound, "\(peak >> 20) MiB")
        }
    }

    @Test("memory does not grow with the length of a part", .timeLimit(.minutes(5)))
    func longPart() async throws {
        try await withServer { server in
            let size = 512 << 20
            let upload = try await server.api.initialize("long", size: size, partSize: size)
            let chunk = pseudoRandomBytes(seed: 5, count: 4 << 20)
            let before = try server.peakMemory()
            let url = try await server.api.partURL(upload, 1)
            let answer = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"
                )
                for _ in 0..<size / chunk.readableBytes { try await connection.write(chunk) }
                return try Answer(raw: try await connection.read(until: "\r\n\r\n"))
            }
            #expect(answer.status == 200 && answer.headers.contains(name: "ETag"))
            let grown = try server.peakMemory() - before
            #expect(grown < 64 << 20, "\(grown >> 20) MiB more for 512 MiB")
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
        }
    }

    /// The first eight bytes of a file.
    private func firstBytes(_ path: FilePath) throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(filePath: path.string))
        defer { try? file.close() }
        return try file.read(upToCount: 8) ?? Data()
    }
}
