import Foundation
import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import SystemPackage
import Testing

/// System calls that kernels, sandboxes and file systems may refuse, and that the server can do without.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd, .needsRoot))
struct OptionalCallTests {
    @Test(
        "uploads and downloads need none of the optional system calls",
        arguments: ["ENOSYS", "EPERM", "EINVAL", "EOPNOTSUPP", "EXDEV"]
    )
    func refusedCalls(error: String) async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"), arguments: smallParts)
            try await withServer(options) { server in
                let inject = ["copy_file_range", "fallocate", "sync_file_range", "mincore", "sendfile"].flatMap {
                    call in
                    ["-e", "inject=\(call):error=\(error)"]
                }
                // The second part is longer than the part size, so that it must be copied.
                let parts = [3 << 20, (3 << 20) + 1].map { pseudoRandomBytes(seed: 1, count: $0) }
                let size = parts.reduce(0) { $0 + $1.readableBytes }
                var content = ByteBuffer()
                for part in parts { content.writeImmutableBuffer(part) }
                let expected = content
                let file = try await withStrace(server, inject, output: folder.appending("trace")) {
                    let upload = try await server.api.initialize("a.bin", size: size, partSize: 3 << 20)
                    for (index, part) in parts.enumerated() { try await server.api.store(upload, index + 1, part) }
                    let file = try await server.api.complete(upload).text("id")
                    #expect(sha256(try await server.api.download(file)) == sha256(expected))
                    return file
                }
                #expect(sha256(try await server.api.download(file)) == sha256(expected))
            }
        }
    }
}
