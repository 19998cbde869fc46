import Foundation
import NIOCore
import PontoonCore
import PontoonMetadata
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Files that are stored in one call in the S3 store", .timeLimit(.minutes(10)))
struct FilePutsOnS3Tests {
    @Test("become one object with the bytes and their checksum", arguments: [0, 1, 3_000_000])
    func sizes(_ size: Int) async throws {
        try await withS3Server { server in
            let bytes = ObjectStoreContract.bytes(size, salt: 1)
            let file = try await server.putFile("a", bytes).file
            #expect(try await server.content(file) == bytes)
            let content = try #require(file.content)
            var crc64 = CRC64NVME()
            bytes.withUnsafeReadableBytes { crc64.update($0) }
            #expect(content.size == Int64(size) && content.crc64 == crc64)
            let stored = try #require(try await server.store.client.headObject(server.store.name(content.key)))
            #expect(stored.marker == content.key.rawValue)
            #expect(stored.crc64 == nil || stored.crc64 == crc64)
            #expect(try await server.metadata.discardLeasedObjects(until: .distantFuture) == 0)
        }
    }

    @Test("leave nothing in the bucket if they are refused, skipped or replaced")
    func conflicts() async throws {
        try await withS3Server { server in
            let first = try await server.putFile("a", ByteBuffer(string: "1")).file
            try await expectRefusal(.nameTaken) { try await server.putFile("a", ByteBuffer(string: "2")) }
            let skipped = try await server.putFile("a", ByteBuffer(string: "2"), .skip)
            #expect(skipped == .skipped(first))
            let wrong = try ExpectedChecksums(crc64nvme: nil, crc32c: "AAAAAA==", sha256: nil, contentMD5: nil)
            try await expectRefusal(.checksumMismatch) {
                try await server.putFile("b", ByteBuffer(string: "2"), expecting: wrong)
            }
            // Another file takes the name while the bytes arrive.
            let raced = try await server.uploads.check(server.put("c", .fail), limit: 100, caller: server.user)
            guard case .new(let new) = raced else { throw ContractViolation("the name is free") }
            _ = try await server.putFile("c", ByteBuffer(string: "3"))
            try await expectRefusal(.nameTaken) { try await server.store(new, ByteBuffer(string: "4")) }
            let replaced = try await server.putFile("a", ByteBuffer(string: "5"), .overwrite).file
            #expect(try await server.content(replaced) == ByteBuffer(string: "5"))
            let renamed = try await server.putFile("a", ByteBuffer(string: "6"), .rename).file
            #expect(renamed.name == "_1_a")
            try await server.expectObjectsOfFiles()
        }
    }

    @Test("are refused, and the object is removed, if the lease is lost before the commit")
    func lostLease() async throws {
        try await withS3Server { server in
            let checked = try await server.uploads.check(server.put("a", .fail), limit: 100, caller: server.user)
            guard case .new(let new) = checked else { throw ContractViolation("the name is free") }
            let body = AsyncStream<ByteBuffer> {
                $0.yield(ByteBuffer(string: "abc")); $0.finish()
            }
            let store = StolenLeaseStore(store: server.store, metadata: server.metadata)
            let uploads = Uploads(
                metadata: server.metadata,
                storage: .presigned(store),
                sizing: PartSizing()
            )
            try await expectRefusal(.unavailable) { try await uploads.put(new, body: body, limit: 100) { _ in } }
            #expect(try await server.files().isEmpty)
            try await server.collectGarbage()
            try await server.expectObjectsOfFiles()
        }
    }

    @Test("are removed from the bucket after a crash, unless they were committed")
    func recovery() async throws {
        try await withS3Server { server in
            let kept = try await server.putFile("a", ByteBuffer(string: "1")).file
            let key = ObjectKey.random()
            let lease = Lease(id: "crashed", expiresOn: .distantFuture)
            try await server.metadata.leaseObjects([key], lease)
            try await server.store.createObject(key, bytes: ByteBuffer(string: "2"), crc64: CRC64NVME())
            try await server.maintenance().recover()
            #expect(try await server.content(kept) == ByteBuffer(string: "1"))
            try await server.expectObjectsOfFiles()
        }
    }

    @Test("take no more memory than the caller may use")
    func memory() async throws {
        try await withS3Server { server in
            let checked = try await server.uploads.check(server.put("a", .fail), limit: 100, caller: server.user)
            guard case .new(let new) = checked else { throw ContractViolation("the name is free") }
            let body = AsyncStream<ByteBuffer> {
                $0.yield(ByteBuffer(string: "abc")); $0.finish()
            }
            try await expectRefusal(.unavailable) {
                try await server.uploads.put(new, body: body, limit: 100) { bytes in
                    throw PontoonError(.unavailable, "no memory for \(bytes) bytes")
                }
            }
            try await server.expectObjectsOfFiles()
        }
    }
}

extension S3Server {
    func put(_ name: String, _ rule: NameConflictRule, expecting: ExpectedChecksums = ExpectedChecksums()) -> FilePut {
        FilePut(folder: .project(fixture.project.id), name: name, rule: rule, length: nil, expected: expecting)
    }

    /// Stores a file in one call.
    @discardableResult
    func putFile(
        _ name: String,
        _ bytes: ByteBuffer,
        _ rule: NameConflictRule = .fail,
        expecting: ExpectedChecksums = ExpectedChecksums()
    ) async throws -> AddedFile {
        switch try await uploads.check(put(name, rule, expecting: expecting), limit: 1 << 30, caller: user) {
        case .existing(let file): .skipped(file)
        case .new(let new): try await store(new, bytes)
        }
    }

    @discardableResult
    func store(_ new: NewFile, _ bytes: ByteBuffer) async throws -> AddedFile {
        let body = AsyncStream<ByteBuffer> { stream in
            stream.yield(bytes)
            stream.finish()
        }
        return try await uploads.put(new, body: body, limit: 1 << 30) { _ in }
    }

    /// Checks that the bucket contains the objects of the files, and no others.
    func expectObjectsOfFiles() async throws {
        var stored: [String] = []
        try await store.forEachEntry { stored += $0.map(\.name) }
        let expected = try await files().compactMap { $0.content.map { store.name($0.key) } }
        #expect(stored.sorted() == expected.sorted())
    }
}

/// A store in which another server discards all leased objects just before an object is created.
struct StolenLeaseStore: PresignedObjectStore {
    let store: S3ObjectStore
    let metadata: SQLMetadataStore

    var clientOrigin: String { store.clientOrigin }
    var minimumPartSize: Int64 { store.minimumPartSize }

    func createObject(_ key: ObjectKey, bytes: ByteBuffer, crc64: CRC64NVME) async throws {
        _ = try await metadata.discardLeasedObjects(until: .distantFuture)
        await GarbageCollector(metadata: metadata, objects: store).collect()
        try await store.createObject(key, bytes: bytes, crc64: crc64)
    }

    func partRequest(for upload: Upload, part: PartNumber, now: Date) throws -> SignedRequest {
        try store.partRequest(for: upload, part: part, now: now)
    }
    func downloadRequest(for file: File, now: Date) throws -> SignedRequest {
        try store.downloadRequest(for: file, now: now)
    }
    func listParts(of upload: Upload) async throws -> [ListedPart]? { try await store.listParts(of: upload) }
    func timeOfLastPart(of upload: Upload) async throws -> Date? { try await store.timeOfLastPart(of: upload) }
    func finish(_ upload: Upload, parts: [ListedPart]) async throws -> FinishedObject {
        try await store.finish(upload, parts: parts)
    }
    func createEmptyObject(_ key: ObjectKey) async throws -> FinishedObject { try await store.createEmptyObject(key) }
    func finishedObject(of upload: Upload, etags: [String]) async throws -> FinishedObject? {
        try await store.finishedObject(of: upload, etags: etags)
    }
    func prepare(_ key: ObjectKey, size: Int64?) async throws -> UploadHandle? {
        try await store.prepare(key, size: size)
    }
    func openObject(_ key: ObjectKey) async throws -> any ObjectReader { try await store.openObject(key) }
    func discard(_ object: ObjectReference) async throws { try await store.discard(object) }
    func makeDiscardsDurable() async throws { try await store.makeDiscardsDurable() }
    func recover(comparingWith records: any ObjectRecords) async throws {
        try await store.recover(comparingWith: records)
    }
    func ping() async throws { try await store.ping() }
    func storedSize(_ key: ObjectKey) async throws -> Int64? { try await store.storedSize(key) }
    func forEachEntry(_ body: ([StoredEntry]) async throws -> Void) async throws { try await store.forEachEntry(body) }
}
