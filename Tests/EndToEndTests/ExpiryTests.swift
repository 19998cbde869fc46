import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// What ends by itself: idle uploads, and the keys that sign URLs.
struct ExpiryTests {
    @Test("an idle upload ends and frees its room; one in which something was just stored stays")
    func idleUploads() async throws {
        try await withTemporaryFolder { folder in
            // Housekeeping runs at every start and then once a minute, so the server is started again and again.
            var options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let bytes = pseudoRandomBytes(seed: 1, count: 1 << 20)
            let (idle, busy) = try await withServer(options) { server in
                let idle = try await server.api.initialize("idle", size: 8 << 20, partSize: 1 << 20)
                try await server.api.store(idle, 1, bytes)
                return (idle, try await server.api.initialize("busy", size: nil, partSize: 1 << 20))
            }.value
            options.arguments += ["--upload-lifetime", "20s"]
            let (data, started) = (options.data, options)
            try await eventually("the idle upload is gone", within: .seconds(120)) {
                try await withServer(started) { server in
                    try await server.api.store(busy, 1, bytes)
                    guard try server.unfinishedObjects().count == 1 else { return false }
                    let gone = try await server.api.call(.GET, "/upload/multipart/\(idle)")
                    server.expectRefusal(gone, 404, 8003)
                    let listed = try await server.api.call(.GET, "/upload/multipart")
                    #expect(listed.headers["X-Total-Matching-Query"] == ["1"])
                    let used = try Self.usedBytes(data.appending("objects/uploads"))
                    #expect(used < 2 << 20, "\(used) bytes")
                    try await server.api.store(busy, 2, bytes)
                    let file = try await server.api.complete(busy).text("id")
                    let kept = try await server.api.download(file)
                    let both = [bytes, bytes].reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
                    #expect(kept == both)
                    return true
                }.value
            }
        }
    }

    @Test("after a new key old URLs stay good, and new ones are signed with it")
    func rotatedKey() async throws {
        try await withTemporaryFolder { folder in
            // The old URL names the port.
            let options = ServerOptions(
                data: folder.appending("data"),
                arguments: smallParts,
                port: try FreePort.reserve()
            )
            let bytes = pseudoRandomBytes(seed: 2, count: 1000)
            let (upload, old, oldKey) = try await withServer(options) { server in
                let upload = try await server.api.initialize("rotated", size: 3000, partSize: 1000)
                let old = try await server.api.partURL(upload, 1)
                try await server.administer("key", "rotate")
                #expect(try await server.api.send(.PUT, old, bytes).status == 200, "the old URL, at once")
                // A key that the server does not know makes it look, so nobody waits for a minute.
                let oldKey = try keyID(old)
                let foreign = old.replacing(oldKey, with: "00000000")
                server.expectRefusal(try await server.api.send(.PUT, foreign, bytes), 403, 90002)
                let new = try await server.api.partURL(upload, 2)
                let newKey = try keyID(new)
                #expect(newKey != oldKey)
                #expect(try await server.api.send(.PUT, new, bytes).status == 200, "the new URL")
                #expect(try await server.api.send(.PUT, old, bytes).status == 200, "the old URL")
                return (upload, old, oldKey)
            }.value
            try await withServer(options) { server in
                #expect(try await server.api.send(.PUT, old, bytes).status == 200, "the old URL, after a new start")
                let newKey = try keyID(try await server.api.partURL(upload, 3))
                #expect(newKey != oldKey)
            }
        }
    }

    @Test("a key that is too old is replaced at the next start, and its URLs are good for as long as they say")
    func oldKey() async throws {
        try await withTemporaryFolder { folder in
            var options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let bytes = pseudoRandomBytes(seed: 3, count: 1000)
            let (upload, old) = try await withServer(options) { server in
                let upload = try await server.api.initialize("old", size: 1000, partSize: 1000)
                return (upload, try await server.api.partURL(upload, 1))
            }.value
            options.arguments += ["--key-lifetime", "1s"]
            let started = options
            try await eventually("there is a new key") {
                try await withServer(started) { server in
                    let origin = old.prefix { $0 != "?" }.split(separator: "/").prefix(2).joined(separator: "//")
                    let answer = try await server.api.send(.PUT, old.replacing(origin, with: server.origin), bytes)
                    #expect(answer.status == 200, "\(String(buffer: answer.body))")
                    return try keyID(try await server.api.partURL(upload, 1)) != keyID(old)
                }.value
            }
        }
    }

    /// The id of the key that signed a URL.
    private func keyID(_ url: String) throws -> String {
        let query = try #require(URLComponents(string: url)?.queryItems)
        return try #require(query.first { $0.name == "key" }?.value)
    }

    /// Bytes that the files directly in a folder take on the disk.
    private static func usedBytes(_ folder: FilePath) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.string).reduce(0) { sum, name in
            var status = stat()
            try #require(stat(folder.appending(name).string, &status) == 0)
            return sum + Int(status.st_blocks) * 512
        }
    }
}
