import Crypto
import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

/// Requests that arrive at the bucket after their server has lost the completion lease, and empty files.
@Suite("Uploads to the S3 store by two servers", .timeLimit(.minutes(10)))
struct UploadsOnS3LeaseTests {
    private let right = ByteBuffer(string: "right")

    @Test("a late deletion by a server that restarts an upload spares the file that another server completed")
    func lateDeletion() async throws {
        try await withTwoServers(holding: "DELETE /") { late, other, valve in
            let md5 = Hex.encode(Insecure.MD5.hash(data: Data(right.readableBytesView)))
            let upload = try await other.begin(size: 5, md5: md5)
            try await other.send([ByteBuffer(string: "wrong")], of: upload)
            let completed = Task { try await late.complete(upload) }
            try await valve.holding()
            try await expectRefusal(.completeRefused) { try await other.complete(upload) }
            try await other.send([right], of: upload)
            let file = try await other.complete(upload)
            valve.release()
            #expect(try await completed.value == file)
            #expect(try await other.content(file) == right)
            #expect(try await other.harness.content(upload.key) == nil)
            #expect(try await openUploads(other.harness).isEmpty)
        }
    }

    @Test("a late empty object does not replace the file that another server completed")
    func lateEmptyObject() async throws {
        try await withTwoServers(holding: "PUT /") { late, other, valve in
            let upload = try await other.begin(size: nil)
            try await other.send([ByteBuffer()], of: upload)
            let completed = Task { try await late.complete(upload) }
            try await valve.holding()
            // The other server rolls the completion back, as after a failed commit.
            try await other.uploads.completion.recover(leasedUntil: Date())
            try await other.send([right], of: upload)
            let file = try await other.complete(upload)
            valve.release()
            #expect(try await completed.value == file)
            #expect(try await other.content(file) == right)
        }
    }

    @Test("an upload without bytes becomes an empty file, and leaves nothing else in the bucket")
    func emptyFile() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 0)
            let file = try await server.complete(upload)
            #expect(try await server.content(file) == ByteBuffer())
            var names: [String] = []
            try await server.store.client.forEachObject(prefix: server.store.namePrefix) { names += $0.map(\.key) }
            #expect(names == [server.store.name(try #require(file.content?.key))])
            #expect(try await openUploads(server.harness).isEmpty)
            try await Files(metadata: server.metadata, objects: server.store).delete(file.id, caller: server.user)
            #expect(try await server.harness.content(try #require(file.content?.key)) == nil)
        }
    }

    /// Runs `body` with two servers that share their stores, the first of which appears to be suspended.
    ///
    /// The first server's requests that contain `text` are blocked until the valve is released. For the second server,
    /// the first server's leases have already expired.
    private func withTwoServers(
        holding text: String,
        _ body: @Sendable (S3Server, S3Server, RequestValve) async throws -> Void
    ) async throws {
        let bucket = try await SeaweedFSServer.running()
        let settings = try s3Settings(bucket)
        let valve = RequestValve(text)
        try await FaultInjectionProxy.with(port: bucket.port, fault: { _ in .holdRequests(valve) }) { proxy in
            var held = settings
            held.endpoint = try #require(S3Endpoint("http://127.0.0.1:\(proxy.port)"))
            try await withS3Store(held, credentials: s3Credentials(bucket)) { lateHarness in
                try await withS3Store(settings, credentials: s3Credentials(bucket)) { harness in
                    try await withS3Server(harness) { other in
                        let late = S3Server(
                            harness: lateHarness,
                            metadata: other.metadata,
                            uploads: Uploads(
                                metadata: other.metadata,
                                storage: .presigned(lateHarness.store),
                                sizing: PartSizing(minimumPartSize: 1),
                                leaseDuration: .seconds(86_400),
                                now: { Date(timeIntervalSinceNow: -2 * 86_400) }
                            ),
                            fixture: other.fixture
                        )
                        try await body(late, other, valve)
                    }
                }
            }
        }
    }
}
