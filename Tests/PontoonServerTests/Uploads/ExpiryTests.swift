import Foundation
import Glibc
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// Expiry of idle uploads, and rotation of the keys that sign URLs.
@Suite(.timeLimit(.minutes(10)))
struct ExpiryTests {
    @Test("an idle upload is aborted and frees its space, but one with a recent part stays")
    func idleUploads() async throws {
        let clock = TestClock()
        try await withTestServer(.live, arguments: smallParts + ["--upload-lifetime", "1h"], clock: clock) { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 1 << 20)
            let idle = try await server.api.initialize("idle", size: 8 << 20, partSize: 1 << 20)
            try await server.api.store(idle, 1, bytes)
            let busy = try await server.api.initialize("busy", size: nil, partSize: 1 << 20)
            #expect(await server.runMaintenance().expired == [])
            clock.advance(by: .seconds(40 * 60))
            try await server.api.store(busy, 1, bytes)
            clock.advance(by: .seconds(40 * 60))
            #expect(await server.runMaintenance().expired == [idle])
            #expect(try server.unfinishedObjects().count == 1)
            server.expectRefusal(try await server.api.call(.GET, "/upload/multipart/\(idle)"), 404, 8003)
            let listed = try await server.api.call(.GET, "/upload/multipart")
            #expect(listed.headers["X-Total-Matching-Query"] == ["1"])
            let used = try Self.usedBytes(server.data.appending("objects/uploads"))
            #expect(used < 2 << 20, "\(used) bytes")
            try await server.api.store(busy, 2, bytes)
            let file = try await server.api.complete(busy).text("id")
            let both = [bytes, bytes].reduce(into: ByteBuffer()) { $0.writeImmutableBuffer($1) }
            #expect(try await server.api.download(file) == both)
        }
    }

    @Test("an upload expires only after the server has run for its lifetime, whatever the clock shows")
    func wrongClock() async throws {
        try await withTemporaryFolder { folder in
            let (data, clock) = (folder.appending("data"), TestClock())
            let arguments = smallParts + ["--upload-lifetime", "7d"]
            let bytes = pseudoRandomBytes(seed: 4, count: 1000)
            let upload = try await withTestServer(on: data, arguments: arguments, clock: clock) { server in
                let upload = try await server.api.initialize("kept", size: 1000, partSize: 1000)
                try await server.api.store(upload, 1, bytes)
                #expect(await server.runMaintenance().expired == [])
                return upload
            }
            for ahead in [Duration.seconds(8 * 86400), .seconds(8 * 86400), .seconds(-16 * 86400)] {
                clock.set(aheadBy: ahead)
                try await withTestServer(on: data, arguments: arguments, clock: clock) { server in
                    clock.advance(by: .seconds(120))
                    #expect(await server.runMaintenance().expired == [])
                    clock.set(aheadBy: .seconds(9 * 86400))
                    #expect(await server.runMaintenance().expired == [])
                    clock.set(aheadBy: .seconds(-9 * 86400))
                    #expect(await server.runMaintenance().expired == [])
                }
            }
            try await withTestServer(on: data, .live, arguments: arguments, clock: clock) { server in
                let file = try await server.api.complete(upload).text("id")
                #expect(try await server.api.download(file) == bytes)
            }
        }
    }

    @Test("after a key rotation, old URLs stay valid and new ones are signed with the new key")
    func rotatedKey() async throws {
        try await withTemporaryFolder { folder in
            let data = folder.appending("data")
            let bytes = pseudoRandomBytes(seed: 2, count: 1000)
            let (upload, old) = try await withTestServer(on: data, arguments: smallParts) { server in
                let upload = try await server.api.initialize("rotated", size: 3000, partSize: 1000)
                let old = try await server.api.partURL(upload, 1)
                try await server.rotateKeys()
                #expect(try await server.api.send(.PUT, old, bytes).status == 200, "the old URL, at once")
                // An unknown key makes the server reload its keys.
                let oldKey = try keyID(old)
                let foreign = old.replacing(oldKey, with: "00000000")
                server.expectRefusal(try await server.api.send(.PUT, foreign, bytes), 403, 90002)
                let new = try await server.api.partURL(upload, 2)
                let newKey = try keyID(new)
                #expect(newKey != oldKey)
                #expect(try await server.api.send(.PUT, new, bytes).status == 200, "the new URL")
                #expect(try await server.api.send(.PUT, old, bytes).status == 200, "the old URL")
                return (upload, try target(old))
            }
            try await withTestServer(on: data, arguments: smallParts) { server in
                let response = try await server.api.send(.PUT, server.origin + old, bytes)
                #expect(response.status == 200, "the old URL, after a restart")
                let newKey = try keyID(try await server.api.partURL(upload, 3))
                #expect(try newKey != keyID(server.origin + old))
            }
        }
    }

    @Test("an outdated key is replaced at the next start, and its URLs stay valid until they expire")
    func oldKey() async throws {
        try await withTemporaryFolder { folder in
            let (data, clock) = (folder.appending("data"), TestClock())
            let arguments = smallParts + ["--key-lifetime", "60s", "--url-lifetime", "1h"]
            let bytes = pseudoRandomBytes(seed: 3, count: 1000)
            let (upload, old) = try await withTestServer(on: data, arguments: arguments, clock: clock) { server in
                let upload = try await server.api.initialize("old", size: 1000, partSize: 1000)
                return (upload, try target(try await server.api.partURL(upload, 1)))
            }
            clock.advance(by: .seconds(61))
            try await withTestServer(on: data, arguments: arguments, clock: clock) { server in
                let response = try await server.api.send(.PUT, server.origin + old, bytes)
                #expect(response.status == 200, "\(String(buffer: response.body))")
                let newKey = try keyID(try await server.api.partURL(upload, 1))
                #expect(try newKey != keyID(server.origin + old))
                clock.advance(by: .seconds(3600))
                server.expectRefusal(try await server.api.send(.PUT, server.origin + old, bytes), 403, 90002)
            }
        }
    }

    /// Returns the id of the key that signed a URL.
    private func keyID(_ url: String) throws -> String {
        let query = try #require(URLComponents(string: url)?.queryItems)
        return try #require(query.first { $0.name == "key" }?.value)
    }

    /// Returns the number of bytes allocated for the files directly in a folder.
    private static func usedBytes(_ folder: FilePath) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: folder.string).reduce(0) { sum, name in
            var status = stat()
            try #require(stat(folder.appending(name).string, &status) == 0)
            return sum + Int(status.st_blocks) * 512
        }
    }
}
