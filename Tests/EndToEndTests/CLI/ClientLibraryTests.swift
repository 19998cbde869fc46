import Foundation
import NIOCore
import PontoonClient
import PontoonCore
import PontoonTesting
import Synchronization
import SystemPackage
import Testing

/// The public library `PontoonClient`, used as in docs/client.md.
@Suite(.timeLimit(.minutes(10)), .tags(.endToEnd))
struct ClientLibraryTests {
    private static let partSize = 5 << 20

    /// Numbers of the parts that an upload has stored.
    private final class Stored: Sendable {
        private let numbers = Mutex<Set<Int>>([])

        var all: Set<Int> { numbers.withLock { $0 } }
        func add(_ number: Int) { numbers.withLock { _ = $0.insert(number) } }
    }

    private func credentials(_ server: ServerProcess) throws -> Credentials {
        Credentials(endpoint: try Endpoint(server.endpoint), token: AuthToken(server.token), source: "the test")
    }

    @Test("the same call resumes a cancelled upload")
    func cancelled() async throws {
        try await withPontoon { server, user in
            let path = try user.makeFile("f", size: 6 * Self.partSize)
            let items = [UploadItem(source: path, name: "f", tags: ["raw"])]
            try await SevenBridgesClient.withClient(try credentials(server)) { client in
                var options = UploadOptions(destination: .project("admin/uploads"))
                options.stateDirectory = user.folder.appending("library")
                options.partSize = Int64(Self.partSize)
                options.transfer.bandwidth = BandwidthLimit(bytesPerSecond: 20 << 20)
                let (before, after) = (Stored(), Stored())
                let first = try await cancel(Uploader(client, options: options), items, before)
                #expect(first.allSatisfy { !$0.isSuccess })
                options.transfer.bandwidth = nil
                let second = try await Uploader(client, options: options).upload(items) { events in
                    for await case .partStored(let part) in events { after.add(part.number) }
                }
                #expect(second.allSatisfy { $0.isSuccess })
                #expect(second.first?.verification == .file)
                #expect(!before.all.isEmpty && before.all.isDisjoint(with: after.all))
            }
            #expect(try await server.api.content("f") == testBytes(seed: 7, count: 6 * Self.partSize))
        }
    }

    /// Starts an upload and cancels it once a part is stored.
    private func cancel(_ uploader: Uploader, _ items: [UploadItem], _ stored: Stored) async throws -> [UploadResult] {
        let gate = Gate()
        return try await withThrowingTaskGroup(of: [UploadResult].self) { group in
            group.addTask {
                try await uploader.upload(items) { events in
                    for await case .partStored(let part) in events {
                        stored.add(part.number)
                        gate.open()
                    }
                }
            }
            try await gate.pass()
            group.cancelAll()
            return try await group.next() ?? []
        }
    }

    @Test("files are downloaded, and an APIError contains the status, the code and the attempted action")
    func downloads() async throws {
        try await withPontoon { server, user in
            let id = try await server.api.upload("f", ByteBuffer(string: "abc"))
            let target = user.folder.appending("back/f")
            try await SevenBridgesClient.withClient(try credentials(server)) { client in
                let item = DownloadItem(id: id, remotePath: "f", target: target)
                let results = try await Downloader(client, options: DownloadOptions()).download([item])
                #expect(results.allSatisfy { $0.isSuccess })
                let missing = DownloadItem(id: "000000000000000000000000", remotePath: "g", target: target)
                let failed = try await Downloader(client, options: DownloadOptions()).download([missing])
                guard case .failed(let error as APIError) = failed.first?.outcome else {
                    throw UnexpectedResponse(description: "\(failed)")
                }
                #expect(error.status == 404 && error.code == 5002)
                #expect(error.call == "GET /files/000000000000000000000000" && error.requestID != nil)
            }
            #expect(try user.bytes("back/f") == ByteBuffer(string: "abc"))
        }
    }
}
