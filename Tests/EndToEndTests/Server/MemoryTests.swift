import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The server's memory use with many concurrent parts, large parts and large folder downloads.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct MemoryTests {
    /// Memory limit of the server, in bytes, with 64 concurrent parts of any length.
    ///
    /// docs/install.md documents this limit, with measurements. Each connection may read 1 MiB while it writes the
    /// previous 1 MiB.
    private static let memoryBound = 256 << 20

    @Test("64 concurrent parts of 16 MiB stay within the memory limit", .timeLimit(.minutes(10)))
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
                            let api = APIClient(origin: server.origin, token: server.token, http: impatientHTTP)
                            let response = try await api.send(.PUT, url, bytes)
                            #expect(response.headers["ETag"] == ["\"\(tag)\""], "part \(number): \(response.status)")
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

    @Test("memory does not grow with the number of files in a folder that is downloaded", arguments: ["tar", "zip"])
    func manyFiles(format: String) async throws {
        try await withServer { server in
            let (archives, files) = (10, 2000)
            for archive in 0..<archives {
                var tar = TarBuilder()
                for file in 0..<files { tar.add("\(archive)/\(file)", [UInt8](repeating: 1, count: file % 600)) }
                let response = try await server.api.putArchive(tar.finished())
                #expect(response.summary?["summary"]?["files"] == .integer(Int64(files)))
            }
            let before = try server.peakMemory()
            let root = try await server.api.root()
            let info = try await server.api.call(.GET, "/files/\(root)/archive_info?format=\(format)")
            #expect(info["entries"] == .integer(Int64(archives * files + archives + 1)))
            let body = try await server.api.send(.GET, try info.text("url")).body
            #expect(info["size"] == .integer(Int64(body.readableBytes)))
            let grown = try server.peakMemory() - before
            #expect(grown < 24 << 20, "\(grown >> 20) MiB more")
            guard format == "tar" else { return }
            var (reader, entries, bytes) = (TarReader(), 0, 0)
            reader.append(body)
            while let event = try reader.next() {
                if case .entry = event { entries += 1 }
                if case .content(let content) = event { bytes += content.readableBytes }
            }
            try reader.finish()
            #expect(entries == archives * files + archives + 1)
            #expect(bytes == archives * (0..<files).reduce(0) { $0 + $1 % 600 })
        }
    }

    @Test("memory does not grow with the length of a part", .timeLimit(.minutes(10)))
    func longPart() async throws {
        try await withServer { server in
            let size = 512 << 20
            let upload = try await server.api.initialize("long", size: size, partSize: size)
            let chunk = pseudoRandomBytes(seed: 5, count: 4 << 20)
            let before = try server.peakMemory()
            let url = try await server.api.partURL(upload, 1)
            let response = try await RawConnection.with(server) { connection in
                try await connection.write(
                    "PUT \(try target(url)) HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n"
                )
                for _ in 0..<size / chunk.readableBytes { try await connection.write(chunk) }
                return try APIResponse(raw: try await connection.read(until: "\r\n\r\n"))
            }
            #expect(response.status == 200 && response.headers.contains(name: "ETag"))
            let grown = try server.peakMemory() - before
            #expect(grown < 64 << 20, "\(grown >> 20) MiB more for 512 MiB")
            #expect(try await server.api.call(.DELETE, "/upload/multipart/\(upload)").status == 204)
        }
    }
}
