import Foundation
package import PontoonCore

/// Rules about quotas, leases and objects.
extension FilePutContract {
    private static func limit(
        bytes: Int64? = nil,
        files: Int64? = nil,
        _ ada: MetadataFixture,
        _ store: some MetadataStore
    ) async throws {
        let change = QuotaChange(bytes: bytes.map { .limit($0) }, files: files.map { .limit($0) })
        let quota = try await store.setQuota(change, of: .project(ada.project.id))
        try expect(quota != nil, "the quota of a project that exists is set")
    }

    static func quotaIsCharged(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await limit(bytes: 10, files: 2, ada, store)
        try await expectRefusal(.quotaExceeded) { try await store.put(ada.put("a", size: 11)) }
        _ = try await store.put(ada.put("a", size: 10))
        try await expectRefusal(.quotaExceeded) { try await store.put(ada.put("b", size: 1)) }
        // Only the difference counts.
        _ = try await store.put(ada.put("a", size: 9), .overwrite)
        try await expectRefusal(.quotaExceeded) { try await store.put(ada.put("a", size: 11), .overwrite) }
        _ = try await store.put(ada.put("b", size: 1))
        try await expectRefusal(.quotaExceeded) { try await store.put(ada.put("c", size: 0)) }
        try await ada.expectUsage(Usage(storedBytes: 10, files: 2), in: store)
    }

    static func lastBytesGoToOneFile(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        try await limit(bytes: 15, ada, store)
        let added = try await concurrently(2) { number in
            do {
                _ = try await store.put(ada.put("\(number)"))
                return 1
            } catch let error as PontoonError where error.code == .quotaExceeded {
                return 0
            }
        }
        try expect(added.reduce(0, +), equals: 1, "accepted files")
        try await ada.expectUsage(Usage(storedBytes: 10, files: 1), in: store)
    }

    private static let lease = Lease(id: "lease", expiresOn: MetadataFixture.time)

    static func leasedObjectNeedsItsLease(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = ada.put("a.bin")
        let key = try file.key
        try expect(try await store.put(file, leaseID: lease.id), equals: nil, "no lease")
        try expect(try await store.leaseObject(key, lease, isNew: true), "a new object is leased")
        let other = Lease(id: "other", expiresOn: .distantFuture)
        for isNew in [true, false] {
            try expect(try await !store.leaseObject(key, other, isNew: isNew), "another lease")
        }
        try expect(try await store.put(file, leaseID: other.id), equals: nil, "another lease")
        try expect(try await store.file(file.id), equals: nil, "nothing is added")
        try expect(try await store.leaseObject(key, lease, isNew: false), "the lease is renewed")
        try expect(try await store.put(file, leaseID: lease.id), equals: .added(file), "the file is added")
        try expect(try await store.discardLeasedObject(key, leaseID: lease.id), equals: false, "the lease has ended")
        try expect(try await store.discardLeasedObjects(until: .distantFuture), equals: 0, "no lease is left")
        try expect(try await store.discardedObjects(limit: 9), equals: [], "nothing is discarded")
    }

    static func discardedObjectIsNotCommitted(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = ada.put("a.bin")
        let key = try file.key
        _ = try await store.leaseObject(key, lease, isNew: true)
        try expect(try await !store.discardLeasedObject(key, leaseID: "other"), "another lease")
        try expect(try await store.discardLeasedObject(key, leaseID: lease.id), "the object is discarded")
        try expect(try await store.discardedObjects(limit: 9), equals: [ObjectReference(key: key)], "its record")
        try expect(try await !store.leaseObject(key, lease, isNew: false), "the lease cannot be renewed")
        try expect(try await store.put(file, leaseID: lease.id), equals: nil, "the file cannot be added")
        // With `skip`, the lease remains until the caller discards the object.
        let kept = ada.put("b.bin")
        _ = try await store.put(kept)
        let skipped = ada.put("b.bin")
        _ = try await store.leaseObject(try skipped.key, lease, isNew: true)
        let result = try await store.put(skipped, .skip, leaseID: lease.id)
        try expect(result, equals: .skipped(kept), "the existing file is kept")
        try expect(try await store.discardLeasedObject(try skipped.key, leaseID: lease.id), "it is discarded")
    }

    static func expiredLeasesDiscardObjects(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (old, new) = (ObjectKey.random(), ObjectKey.random())
        _ = try await store.leaseObject(old, lease, isNew: true)
        let later = Lease(id: "later", expiresOn: MetadataFixture.time.addingTimeInterval(1))
        _ = try await store.leaseObject(new, later, isNew: true)
        _ = try await store.acquireLease("housekeeping", lease, now: MetadataFixture.time)
        try expect(try await store.discardLeasedObjects(until: MetadataFixture.time), equals: 1, "expired leases")
        try expect(try await store.discardedObjects(limit: 9), equals: [ObjectReference(key: old)], "the object")
        try expect(try await !store.leaseObject(old, lease, isNew: false), "a void lease cannot be renewed")
        try await store.forgetDiscarded([old])
        let both = try await store.discardLeasedObjects(until: .distantFuture)
        try expect(both, equals: 2, "the void lease, and the other")
        let again = Set(try await store.discardedObjects(limit: 9).map(\.key))
        try expect(again, equals: [old, new], "the object is discarded again")
        let task = try await store.acquireLease("housekeeping", later, now: .distantPast)
        try expect(!task, "the lease of a maintenance task remains")
        let last = try await store.discardLeasedObjects(until: .distantFuture)
        try expect(last, equals: 1, "the void lease of the other")
    }

    static func onlyUnrecordedObjectsAreDiscarded(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = ada.put("a.bin")
        _ = try await store.put(file)
        try expect(try await !store.discardUnrecordedObject(try file.key), "the object of a file")
        let key = ObjectKey.random()
        for _ in 1...2 { try expect(try await store.discardUnrecordedObject(key), "an object without a file") }
        try expect(try await store.discardedObjects(limit: 9), equals: [ObjectReference(key: key)], "its record")
        try expect(try await store.recordedObjects(among: [key]), equals: [], "it has no other record")
    }
}

extension MetadataFixture {
    /// Creates a file that is stored in one call, without storing it.
    package func put(
        _ name: String,
        in parent: String? = nil,
        size: Int64 = 10,
        tags: [String] = [],
        metadata: [String: String] = [:]
    ) -> File {
        File(
            id: Identifiers.file(now: Self.time),
            name: name,
            kind: .file,
            project: project.id,
            parent: parent ?? root,
            content: FileContent(key: .random(), size: size, crc64: CRC64NVME(rawValue: 1), md5: nil),
            createdOn: Self.time,
            tags: tags,
            metadata: metadata
        )
    }
}

extension File {
    /// The key of the file's object.
    var key: ObjectKey {
        get throws { try require(content?.key, "the file has an object") }
    }
}

extension FilePutStore {
    package func put(
        _ file: File,
        _ rule: NameConflictRule = .fail,
        by userName: String = "ada",
        leaseID: String? = nil
    ) async throws -> AddedFile? {
        try await addFile(file, by: userName, onConflict: rule, leaseID: leaseID)
    }
}
