import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Parts whose client stalls after sending some of the bytes.
@Suite(.timeLimit(.minutes(10)))
struct StalledSenderTests {
    @Test("a stalled client does not block another client that sends the same part")
    func stalledSender() async throws {
        // If the second client had to wait for the first, this test would exceed its time limit.
        try await withTestServer(.live, arguments: smallParts + ["--idle-timeout", "1h"]) { server in
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
        "a stalled client is disconnected, and its part is not stored and leaves no files",
        arguments: [(true, 1000), (false, 1000), (true, 100_000)]
    )
    func stalledPart(declaresSize: Bool, partSize: Int) async throws {
        try await withTestServer(.live, arguments: smallParts + ["--idle-timeout", "6s"]) { server in
            let api = server.api.withoutKeepAlive
            let upload = try await api.initialize("stalled", size: declaresSize ? 200_000 : nil, partSize: partSize)
            let url = try await api.partURL(upload, 1)
            let sent = pseudoRandomBytes(seed: 3, count: 50_000)
            let response = try await RawConnection.with(server) { connection in
                // With a part size of 1000 bytes, this part does not fit its in-place region and is detached.
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
                )
                try await connection.write(sent)
                return try await connection.readToEnd()
            }
            #expect(!response.contains("HTTP/1.1 200") && !response.lowercased().contains("etag"), "\(response)")
            server.expectRefusal(try await api.report(upload, 1, .string(tag(of: sent))), 400, 8014)
            for name in try server.unfinishedObjects() where name.hasSuffix(".parts") {
                let folder = server.data.appending("objects/uploads/\(name)").string
                try await eventually("the file of the part is removed") {
                    try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty
                }
            }
            #expect(try await api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
            #expect(try server.unfinishedObjects() == [])
        }
    }

    /// Returns the first eight bytes of a file.
    private func firstBytes(_ path: FilePath) throws -> Data {
        let file = try FileHandle(forReadingFrom: URL(filePath: path.string))
        defer { try? file.close() }
        return try file.read(upToCount: 8) ?? Data()
    }
}
