import Foundation
import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonObjects

@Suite("Recovery of a bucket that several servers share", .timeLimit(.minutes(10)))
struct S3RecoveryTests {
    @Test("recovery keeps uploads with a record and recent ones")
    func spares() async throws {
        try await withS3Store { harness in
            let upload = try await ObjectStoreContract.upload(in: harness)
            try await harness.store.recover(open: [])
            #expect(try await openUploads(harness).map(\.id) == [upload.handle?.rawValue])
        }
    }

    @Test("recovery aborts uploads without a record, but not those of other prefixes")
    func aborts() async throws {
        // As if an hour had passed.
        try await withS3Store(change: { $0.orphanAge = .seconds(-60) }) { harness in
            let kept = try await ObjectStoreContract.upload(in: harness)
            _ = try await ObjectStoreContract.upload(in: harness)
            let foreign = harness.store.namePrefix + "somebody/else"
            let foreignID = try await harness.store.client.createMultipartUpload(foreign, headers: [])
            try await harness.store.recover(open: [kept.key])
            let left = Set(try await openUploads(harness).map(\.id))
            #expect(left == [try #require(kept.handle?.rawValue), foreignID])
            try await harness.store.client.abortMultipartUpload(foreign, uploadID: foreignID)
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
