import Foundation
import NIOCore
import PontoonCore
import PontoonTesting
import Synchronization
import Testing

@testable import PontoonObjects

@Suite("Recovery of a bucket that several servers share", .timeLimit(.minutes(10)))
struct S3RecoveryTests {
    @Test("recovery keeps uploads with a record and recent ones")
    func spares() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            try await harness.store.recover(comparingWith: FixedObjectRecords())
            #expect(try await openUploads(harness).map(\.id) == [upload.handle?.rawValue])
        }
    }

    @Test("recovery aborts uploads without a record, but not uploads with other prefixes")
    func aborts() async throws {
        // Makes every upload and object older than the minimum age of orphans.
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            let kept = try await ObjectStoreContract.upload(in: harness)
            _ = try await ObjectStoreContract.upload(in: harness)
            let foreign = harness.store.namePrefix + "somebody/else"
            let foreignID = try await harness.store.client.createMultipartUpload(foreign, headers: [])
            try await harness.store.recover(comparingWith: FixedObjectRecords(open: [kept.key]))
            let left = Set(try await openUploads(harness).map(\.id))
            #expect(left == [try #require(kept.handle?.rawValue), foreignID])
            try await harness.store.client.abortMultipartUpload(foreign, uploadID: foreignID)
        }
    }

    @Test("recovery keeps uploads that other servers start while it is suspended after reading the records")
    func startedMeanwhile() async throws {
        let clock = Mutex(Date())
        try await withS3Store(change: { $0.orphanAge = .seconds(60) }, now: { clock.withLock { $0 } }) { harness in
            let upload = Mutex<Upload?>(nil)
            let records = RecordsRead {
                let started = try await ObjectStoreContract.upload(in: harness)
                upload.withLock { $0 = started }
                // This is more than the minimum age of orphans, and less than the clock difference that the bucket
                // accepts.
                clock.withLock { $0 += 300 }
            }
            try await harness.store.recover(comparingWith: records)
            #expect(try await openUploads(harness).map(\.id) == [upload.withLock { $0?.handle?.rawValue }])
        }
    }

    @Test("recovery removes empty objects without a record, and no others")
    func emptyObjects() async throws {
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            let (orphan, recorded, other) = (
                ObjectKey.randomForEmptyObject(), ObjectKey.randomForEmptyObject(), ObjectKey.random()
            )
            for key in [orphan, recorded, other] { try await harness.store.createEmptyObject(key) }
            let full = ObjectKey.randomForEmptyObject()
            let bytes = S3Request.Body.bytes(ByteBuffer(string: "?"))
            try await harness.store.client.putObject(harness.store.name(full), headers: [], body: bytes)
            try await harness.store.recover(comparingWith: FixedObjectRecords(objects: [recorded]))
            var left: Set<String> = []
            let client = harness.store.client
            try await client.forEachObject(prefix: harness.store.namePrefix) { left.formUnion($0.map(\.key)) }
            #expect(left == Set([recorded, other, full].map(harness.store.name)))
        }
    }

    @Test("recovery keeps recent empty objects")
    func recentEmptyObjects() async throws {
        try await withS3Store { harness in
            let key = ObjectKey.randomForEmptyObject()
            try await harness.store.createEmptyObject(key)
            try await harness.store.recover(comparingWith: FixedObjectRecords())
            #expect(try await harness.content(key) == ByteBuffer())
        }
    }

    @Test("all open uploads are listed across pages", arguments: [1, 2, 3, 7, 8])
    func pages(_ size: Int) async throws {
        try await withS3Store { harness in
            var made: Set<String> = []
            for number in 0..<7 {
                let name = harness.store.namePrefix + "\(number % 4)"
                made.insert(try await harness.store.client.createMultipartUpload(name, headers: []))
            }
            var listed: [String] = []
            try await harness.store.client.forEachOpenUpload(prefix: harness.store.namePrefix, pageSize: size) {
                listed += $0.map(\.id)
            }
            #expect(listed.count == 7 && Set(listed) == made)
        }
    }
}

/// Empty records that run an action when the open uploads are read.
private struct RecordsRead: ObjectRecords {
    let action: @Sendable () async throws -> Void

    init(_ action: @escaping @Sendable () async throws -> Void) { self.action = action }

    func openUploadKeys() async throws -> Set<ObjectKey> {
        try await action()
        return []
    }

    func recordedObjects(among keys: [ObjectKey]) -> Set<ObjectKey> { [] }
}
