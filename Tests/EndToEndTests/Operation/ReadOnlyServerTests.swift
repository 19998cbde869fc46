import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// The background services of a server with `--read-only true`; `ReadOnlyTests` covers its calls.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ReadOnlyServerTests {
    @Test("a read-only server removes neither orphans nor idle uploads, and a writable server removes both")
    func background() async throws {
        try await withTemporaryFolder { folder in
            var options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            let upload = try await withServer(options) { server in
                let upload = try await server.api.initialize("idle", size: 20, partSize: 10)
                try await server.api.store(upload, 1, ByteBuffer(string: "0123456789"))
                return upload
            }.value
            let orphan = options.data.appending("objects/uploads/0123456789abcdef0123456789abcdef")
            try Data("orphan".utf8).write(to: URL(filePath: orphan.string))

            options.arguments += ["--upload-lifetime", "1s"]
            var readOnly = options
            readOnly.arguments += ["--read-only", "true"]
            try await withServer(readOnly) { server in
                #expect(server.greeting.contains { $0.hasPrefix("Read-only mode") })
                let start = ContinuousClock.now
                // This is long enough for several maintenance runs, because a writable server runs maintenance every
                // second with this lifetime.
                try await eventually("some time has passed") {
                    let details = try await server.api.call(.GET, "/upload/multipart/\(upload)?list_parts=true")
                    try #require(details.status == 200 && details.bodyText.contains("\"part_number\":1"))
                    return .now - start > .seconds(4)
                }
                #expect(FileManager.default.fileExists(atPath: orphan.string))
            }
            try await withServer(options) { server in
                #expect(!FileManager.default.fileExists(atPath: orphan.string))
                try await eventually("the idle upload is aborted") {
                    try await server.api.call(.GET, "/upload/multipart/\(upload)").status == 404
                }
            }
        }
    }
}
