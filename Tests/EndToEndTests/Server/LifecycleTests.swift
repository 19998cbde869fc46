import NIOCore
import NIOHTTP1
import PontoonCore
import PontoonTesting
import Subprocess
import SystemPackage
import Testing

/// Upload, download and restart over plain HTTP.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct LifecycleTests {
    @Test("a file is uploaded in parts and downloaded unchanged")
    func roundTrip() async throws {
        try await withServer { server in
            let bytes = pseudoRandomBytes(seed: 1, count: 12 << 20)
            let file = try await server.api.upload("a file+1.bin", bytes)
            #expect(try await server.api.download(file) == bytes)
            let details = try await server.api.call(.GET, "/files/\(file)")
            var crc64 = CRC64NVME()
            bytes.withUnsafeReadableBytes { crc64.update($0) }
            #expect(details["checksums"] == ["crc64nvme": .string(crc64.hex)])
        }
    }

    @Test("after SIGTERM, the server exits with 0, and has all data after a restart")
    func restart() async throws {
        try await withTemporaryFolder { folder in
            let options = ServerOptions(data: folder.appending("data"))
            let bytes = pseudoRandomBytes(seed: 2, count: 6 << 20)
            let (file, status) = try await withServer(options) { try await $0.api.upload("kept.bin", bytes) }
            #expect(status.isSuccess)
            try await withServer(options) { server in
                let kept = try await server.api.download(file)
                #expect(kept == bytes)
            }
        }
    }
}
