import Crypto
import Foundation
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

private let full = 5 << 20

@Suite("Uploads to the S3 store", .timeLimit(.minutes(10)))
struct UploadsOnS3Tests {
    private func bytes(_ count: Int, _ salt: Int) -> ByteBuffer { ObjectStoreContract.bytes(count, salt: salt) }

    private func joined(_ parts: [ByteBuffer]) -> ByteBuffer {
        var whole = ByteBuffer()
        for part in parts { whole.writeImmutableBuffer(part) }
        return whole
    }

    private func md5(_ bytes: ByteBuffer) -> String {
        Hex.encode(Insecure.MD5.hash(data: Data(bytes.readableBytesView)))
    }

    @Test(
        "become the file that was sent, regardless of how the client splits it",
        arguments: [
            [], [0], [1], [full - 1], [full], [full, 1], [full + 1, 0], [full, full + 1, 0], [full, full, full, 3],
        ]
    )
    func sizes(_ sizes: [Int]) async throws {
        try await withS3Server { server in
            let parts = sizes.enumerated().map { bytes($1, $0) }
            let upload = try await server.begin(size: Int64(sizes.reduce(0, +)))
            try await server.send(parts, of: upload)
            let file = try await server.complete(upload)
            #expect(file.content?.size == Int64(sizes.reduce(0, +)))
            #expect(try await server.content(file) == joined(parts))
            #expect(try await server.complete(upload).id == file.id)
            #expect(try await openUploads(server.harness).isEmpty)
        }
    }

    @Test("take the length from the parts if it was not declared")
    func undeclaredSize() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: nil)
            try await server.send([bytes(full, 1), bytes(9, 2)], of: upload)
            #expect(try await server.complete(upload).content?.size == Int64(full + 9))
        }
    }

    @Test(
        "have parts of at least 5 MiB, regardless of the setting and the requested part size",
        arguments: [1, 5 << 20 - 1]
    )
    func minimum(_ requested: Int64) async throws {
        try await withS3Server { server in
            #expect(try await server.begin(size: 100 << 20, partSize: requested).partSize == PartSizing.defaultPartSize)
            #expect(try await server.begin("b", size: 100 << 20, partSize: 5 << 20).partSize == 5 << 20)
            let longest = try await server.begin("c", size: PartSizing.maximumFileSize, partSize: 5 << 20)
            #expect(longest.partSize == 1 << 30)
        }
    }

    @Test("show reported parts and no count of stored parts")
    func details() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: nil)
            let tag = try await server.put(bytes(5, 1), 2, of: upload)
            try await server.report(2, tag, of: upload)
            let details = try await server.uploads.details(upload.id, caller: server.user)
            #expect(details.reportedParts == 1 && details.storedParts == nil && details.storedBytes == nil)
            let parts = try await server.uploads.reportedParts(of: upload.id, caller: server.user)
            #expect(parts.map(\.etag) == [ETag.unquoted(tag)])
            #expect(try await server.uploads.list(caller: server.user, page: .all).items == [details])
        }
    }

    @Test("accept ETags with and without quotes and in upper and lower case, including in the complete call")
    func tags() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: nil)
            let first = try await server.put(bytes(full, 1), 1, of: upload)
            let second = try await server.put(bytes(1, 2), 2, of: upload)
            try await server.report(1, ETag.unquoted(first).uppercased(), of: upload)
            let reports = [
                PartReport(number: try PartNumber(1), etag: first), PartReport(number: try PartNumber(2), etag: second),
            ]
            let file = try await server.complete(upload, reports: reports)
            #expect(try await server.complete(upload, reports: reports).id == file.id)
            let long = PartReport(number: try PartNumber(1), etag: String(repeating: "a", count: 300))
            let other = try await server.begin("b", size: nil)
            try await expectRefusal(.reportInvalid) {
                try await server.uploads.report([long], of: other.id, caller: server.user)
            }
        }
    }

    @Test("contain the latest bytes of a part that was sent and reported again")
    func overwritten() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: Int64(full + 4))
            try await server.send([bytes(full, 1), bytes(4, 2)], of: upload)
            let again = bytes(full, 3)
            try await server.report(1, try await server.put(again, 1, of: upload), of: upload)
            let file = try await server.complete(upload)
            #expect(try await server.content(file) == joined([again, bytes(4, 2)]))
        }
    }

    @Test("never include unreported bytes, so a part that was sent again needs a new report")
    func sentAgainWithoutReport() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 4)
            try await server.send([bytes(4, 1)], of: upload)
            let again = try await server.put(bytes(4, 2), 1, of: upload)
            let file: File
            do {
                // SeaweedFS keeps the reported bytes.
                file = try await server.complete(upload)
                #expect(try await server.content(file) == bytes(4, 1))
            } catch let error as PontoonError where error.code == .completeRefused {
                // According to its documentation, Amazon S3 does not.
                try await server.report(1, again, of: upload)
                #expect(try await server.content(try await server.complete(upload)) == bytes(4, 2))
            }
        }
    }

    @Test("are rejected while parts are missing, too short or not as declared, and can then be corrected")
    func incomplete() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: Int64(full + 4))
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            try await server.report(2, try await server.put(bytes(4, 2), 2, of: upload), of: upload)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            try await server.report(1, String(repeating: "0", count: 32), of: upload)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            try await server.report(1, try await server.put(bytes(100, 1), 1, of: upload), of: upload)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            try await server.report(1, try await server.put(bytes(full, 1), 1, of: upload), of: upload)
            let file = try await server.complete(upload)
            #expect(try await server.content(file) == joined([bytes(full, 1), bytes(4, 2)]))
        }
    }

    @Test("are rejected with an undersized part before the last, even if the lengths add up")
    func shortPart() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 104)
            try await server.send([bytes(100, 1), bytes(4, 2)], of: upload)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            #expect(try await server.files().isEmpty)
        }
    }

    @Test("are compared with the declared MD5, and start over on a mismatch")
    func declaredMD5() async throws {
        try await withS3Server { server in
            let right = joined([bytes(full, 1), bytes(4, 2)])
            let upload = try await server.begin(size: Int64(full + 4), md5: md5(right))
            try await server.send([bytes(full, 1), bytes(4, 3)], of: upload)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            #expect(try await server.files().isEmpty)
            #expect(try await server.harness.content(upload.key) == nil)
            let details = try await server.uploads.details(upload.id, caller: server.user)
            #expect(details.reportedParts == 0 && details.upload.handle != upload.handle)
            try await server.send([bytes(full, 1), bytes(4, 2)], of: upload)
            let file = try await server.complete(upload)
            #expect(file.content?.md5 == md5(right))
            #expect(try await server.content(file) == right)
            #expect(try await openUploads(server.harness).isEmpty)
        }
    }

    @Test("start over if the bucket has deleted the parts, as a lifecycle rule may do")
    func abortedElsewhere() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 4)
            try await server.send([bytes(4, 1)], of: upload)
            let id = try #require(upload.handle?.rawValue)
            try await server.store.client.abortMultipartUpload(server.store.name(upload.key), uploadID: id)
            try await expectRefusal(.completeRefused) { try await server.complete(upload) }
            try await server.send([bytes(4, 1)], of: upload)
            #expect(try await server.content(try await server.complete(upload)) == bytes(4, 1))
        }
    }

    @Test("leave no data in the bucket after an abort, which also invalidates their URLs")
    func aborted() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 8)
            try await server.send([bytes(4, 1)], of: upload)
            let info = try await server.uploads.partInfo(
                try PartNumber(2),
                of: upload.id,
                caller: server.user,
                base: anyBase()
            )
            try await server.uploads.abort(upload.id, caller: server.user)
            #expect(try await openUploads(server.harness).isEmpty)
            #expect(try await fetch("PUT", info.url, body: bytes(4, 2)).status == 404)
            #expect(try await server.metadata.discardedObjects(limit: 9).isEmpty)
        }
    }

    @Test("leave no data in the bucket after they expire or their project is deleted")
    func expired() async throws {
        try await withS3Server { server in
            let (one, two) = (try await server.begin(size: 8), try await server.begin("b", size: 0))
            let deadline = Date(timeIntervalSinceNow: 60)
            #expect(try await server.metadata.abortUpload(one.id, ifIdleSince: deadline))
            #expect(try await server.metadata.deleteProject(server.fixture.project.id) != nil)
            try await server.collectGarbage()
            #expect(try await openUploads(server.harness).isEmpty)
            #expect(try await server.metadata.upload(two.id) == nil)
        }
    }

    @Test("do not expire while a client requests URLs or details, although the server sees no part arrive")
    func activity() async throws {
        try await withS3Server { server in
            let anHourLater = Uploads(
                metadata: server.metadata,
                storage: .presigned(server.store),
                sizing: PartSizing(minimumPartSize: 1),
                now: { Date(timeIntervalSinceNow: 3600) }
            )
            let number = try PartNumber(1)
            let batch = PartBatch(from: number, count: 2)
            let calls: [(String, @Sendable (String) async throws -> Void)] = [
                ("info", { _ = try await anHourLater.partInfo(number, of: $0, caller: server.user, base: anyBase()) }),
                ("infos", { _ = try await anHourLater.partInfos(batch, of: $0, caller: server.user, base: anyBase()) }),
                ("details", { _ = try await anHourLater.details($0, caller: server.user) }),
                ("parts", { _ = try await anHourLater.reportedParts(of: $0, caller: server.user) }),
            ]
            let idle = try await server.begin("idle", size: 8)
            let deadline = Date(timeIntervalSinceNow: 60)
            for (name, call) in calls {
                let upload = try await server.begin(name, size: 8)
                try await call(upload.id)
                #expect(try await !server.metadata.abortUpload(upload.id, ifIdleSince: deadline), "\(name)")
            }
            #expect(try await server.metadata.abortUpload(idle.id, ifIdleSince: deadline))
        }
    }

    @Test("do not expire while parts arrive in the bucket")
    func arrivingParts() async throws {
        try await withS3Server { server in
            let maintenance = server.maintenance()
            let (idle, working) = (try await server.begin("idle", size: 8), try await server.begin("working", size: 8))
            // The store may return times in whole seconds.
            let deadline = Date(timeIntervalSinceNow: 2)
            try await eventually("the deadline has passed") { Date() > deadline + 1 }
            let number = try PartNumber(1)
            let request = try server.store.partRequest(for: working, part: number, now: Date())
            #expect(try await fetch(request.method, request.url, body: bytes(8, 1)).status == 200)
            let report = await maintenance.abortUploads(idleSince: deadline)
            #expect(report.expired == [idle.id])
            #expect(report.errors.isEmpty)
            #expect(try await server.metadata.upload(working.id)?.state == .active)
        }
    }

    @Test("without a record are aborted by maintenance, even if no other server uses the stores")
    func orphans() async throws {
        // Makes every upload and object older than the minimum age of orphans.
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            try await withS3Server(harness) { server in
                let upload = try await server.begin("kept", size: 8)
                _ = try await ObjectStoreContract.upload(in: harness)
                #expect(await server.maintenance().run().errors.isEmpty)
                var left: [String?] = []
                try await harness.store.client.forEachOpenUpload(prefix: harness.store.namePrefix) { uploads in
                    left += uploads.map(\.id)
                }
                #expect(left == [upload.handle?.rawValue])
            }
        }
    }

    @Test("can be completed after a name conflict without sending parts again")
    func nameTaken() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 4)
            try await server.send([bytes(4, 1)], of: upload)
            // Simulates another upload that is committed between the check of the name and the commit.
            let held = try #require(try await server.store.listParts(of: upload))
            let parts = try await server.metadata.parts(of: upload.id)
            try await server.store.finish(
                upload,
                parts: CompletionPlan.listedParts(held, matching: parts, declaredSize: 4, minimumPartSize: 1)
            )
            let rival = try await server.begin(size: 0)
            let taken = try await server.complete(rival)
            try await expectRefusal(.nameTaken) { try await server.complete(upload) }
            #expect(try await server.metadata.deleteFile(taken.id))
            #expect(try await server.content(try await server.complete(upload)) == bytes(4, 1))
        }
    }

    @Test("become one file on concurrent completions")
    func concurrent() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: Int64(full + 4))
            try await server.send([bytes(full, 1), bytes(4, 2)], of: upload)
            let ids = try await withThrowingTaskGroup { group in
                for _ in 0..<8 {
                    group.addTask { try await server.uploads.complete(upload.id, reports: [], caller: server.user).id }
                }
                return try await group.reduce(into: Set()) { $0.insert($1) }
            }
            #expect(ids.count == 1)
            #expect(try await server.files().map(\.id) == Array(ids))
        }
    }

    @Test("become one file if the bucket's response is lost and the complete call is repeated")
    func lostResponse() async throws {
        try await withFaultyS3Store(attempts: 1) { harness, cutter in
            try await withS3Server(harness) { server in
                let upload = try await server.begin(size: 4)
                try await server.send([bytes(4, 1)], of: upload)
                cutter.cut("POST /")
                await #expect(throws: S3Unreachable.self) { try await server.complete(upload) }
                #expect(cutter.count == 1)
                let file = try await server.complete(upload)
                #expect(try await server.content(file) == bytes(4, 1))
                #expect(try await server.files().map(\.id) == [file.id])
                #expect(try await openUploads(harness).isEmpty)
            }
        }
    }

    @Test("share their object with copies until the last one is deleted")
    func copies() async throws {
        try await withS3Server { server in
            let upload = try await server.begin(size: 4)
            try await server.send([bytes(4, 1)], of: upload)
            let file = try await server.complete(upload)
            let files = Files(metadata: server.metadata, objects: server.store)
            let copy = try #require(
                try await server.metadata.copyFile(
                    file.id,
                    as: FileCopy(
                        id: Identifiers.file(now: Date()),
                        project: server.fixture.project.id,
                        parent: server.fixture.root,
                        name: "copy",
                        conflictPolicy: .refuse,
                        createdOn: Date()
                    )
                )
            )
            try await files.delete(file.id, caller: server.user)
            #expect(try await server.content(copy) == bytes(4, 1))
            try await files.delete(copy.id, caller: server.user)
            #expect(try await server.harness.content(upload.key) == nil)
        }
    }
}
