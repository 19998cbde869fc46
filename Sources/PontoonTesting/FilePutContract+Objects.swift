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
        try await store.leaseObjects([key], lease)
        let other = Lease(id: "other", expiresOn: .distantFuture)
        let new = ObjectKey.random()
        let again: Void? = try? await store.leaseObjects([new, key], other)
        try expect(again == nil, "an object that is leased already")
        try expect(try await !store.renewObjectLeases(other), "another lease")
        try expect(try await store.put(file, leaseID: other.id), equals: nil, "another lease")
        try expect(try await store.file(file.id), equals: nil, "nothing is added")
        try expect(try await store.renewObjectLeases(lease), "the lease is renewed")
        try expect(try await store.put(file, leaseID: lease.id), equals: .added(file), "the file is added")
        try expect(try await store.discardLeasedObjects(leaseID: lease.id), equals: [], "the lease has ended")
        try expect(try await store.discardLeasedObjects(until: .distantFuture), equals: 0, "no lease is left")
        try expect(try await store.discardedObjects(limit: 9), equals: [], "nothing is discarded")
    }

    static func discardedObjectIsNotCommitted(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let file = ada.put("a.bin")
        let key = try file.key
        try await store.leaseObjects([key], lease)
        try expect(try await store.discardLeasedObjects(leaseID: "other"), equals: [], "another lease")
        try expect(try await store.discardLeasedObjects(leaseID: lease.id), equals: [key], "the object is discarded")
        try expect(try await store.discardedObjects(limit: 9), equals: [ObjectReference(key: key)], "its record")
        try expect(try await !store.renewObjectLeases(lease), "the lease cannot be renewed")
        try expect(try await store.put(file, leaseID: lease.id), equals: nil, "the file cannot be added")
        // With `skip`, the lease remains until the caller discards the object.
        let kept = ada.put("b.bin")
        _ = try await store.put(kept)
        let skipped = ada.put("b.bin")
        try await store.leaseObjects([try skipped.key], lease)
        let result = try await store.put(skipped, .skip, leaseID: lease.id)
        try expect(result, equals: .skipped(kept), "the existing file is kept")
        let discarded = try await store.discardLeasedObjects(leaseID: lease.id)
        try expect(discarded, equals: [try skipped.key], "the object of the skipped file is discarded")
    }

    static func expiredLeasesDiscardObjects(_ store: some MetadataStore, _ ada: MetadataFixture) async throws {
        let (old, new) = (ObjectKey.random(), ObjectKey.random())
        try await store.leaseObjects([old], lease)
        let later = Lease(id: "later", expiresOn: MetadataFixture.time.addingTimeInterval(1))
        try await store.leaseObjects([new], later)
        _ = try await store.acquireLease("housekeeping", lease, now: MetadataFixture.time)
        try expect(try await store.discardLeasedObjects(until: MetadataFixture.time), equals: 1, "expired leases")
        try expect(try await store.discardedObjects(limit: 9), equals: [ObjectReference(key: old)], "the object")
        try expect(try await !store.renewObjectLeases(lease), "a void lease cannot be renewed")
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
    /// Creates the file of a file put with a new object, without storing it; if `parent` is `nil`, in the root folder.
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
