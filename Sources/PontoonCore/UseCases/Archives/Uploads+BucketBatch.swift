import NIOCore

/// Files that are stored together in a bucket.
extension Uploads {
    /// Maximum number of concurrent requests that send objects to a bucket.
    private static let bucketRequests = 16

    private struct BucketObject: Sendable {
        let new: NewFile
        let bytes: ByteBuffer
        let digest: PartDigest.Result

        init(_ new: NewFile, _ bytes: ByteBuffer) throws(PontoonError) {
            var digest = PartDigest(expecting: new.put.expected)
            bytes.withUnsafeReadableBytes { digest.update($0) }
            (self.new, self.bytes, self.digest) = (new, bytes, digest.finish())
            try self.digest.requireMatch()
        }

        var file: File { new.file(size: digest.size, crc64: digest.crc64) }
    }

    /// Stores files: leases all objects, sends them to the bucket, and then adds the files in one transaction if none
    /// is refused.
    ///
    /// - Returns: For each file, the result or refusal of ``put(_:body:limit:reserving:)``.
    /// - Throws: An error if a store is unavailable or the lease was lost. Some files may then be stored.
    func add(
        _ files: [(new: NewFile, bytes: ByteBuffer)],
        _ rule: NameConflictRule,
        to store: any PresignedObjectStore
    ) async throws -> [Result<AddedFile, PontoonError>] {
        let objects = files.map { new, bytes in
            Result { () throws(PontoonError) in try BucketObject(new, bytes) }
        }
        var results = try await add(objects.compactMap { try? $0.get() }, rule, to: store)[...]
        return objects.map { object in object.flatMap { _ in results.popFirst() ?? .failure(Self.lost) } }
    }

    private func add(
        _ objects: [BucketObject],
        _ rule: NameConflictRule,
        to store: any PresignedObjectStore
    ) async throws -> [Result<AddedFile, PontoonError>] {
        if objects.isEmpty { return [] }
        let lease = leases.new()
        try await metadata.leaseObjects(objects.map(\.new.key), lease)
        do {
            if let results = try await sendAndRecord(objects, rule, lease, to: store) {
                let areAllAdded = results.allSatisfy { if case .success(.added) = $0 { true } else { false } }
                if !areAllAdded, try await !metadata.discardLeasedObjects(leaseID: lease.id).isEmpty {
                    await garbage.collect()
                }
                return results
            }
        } catch {
            // If this fails too, the objects are discarded once their leases have expired.
            if try await !metadata.discardLeasedObjects(leaseID: lease.id).isEmpty {
                await garbage.collect()
                throw error
            }
            var results: [Result<AddedFile, PontoonError>] = []
            for object in objects {
                guard let file = try await metadata.file(object.new.id) else { throw error }
                results.append(.success(.added(file)))
            }
            return results
        }
        // Another server has discarded the objects, perhaps before the bucket carried out the requests. The objects are
        // therefore discarded again.
        try await forEachConcurrently(objects, limit: Self.bucketRequests) {
            try await store.discard(ObjectReference(key: $0.new.key))
        }
        throw Self.leaseLost
    }

    /// Sends and validates the objects under the lease, and then records their files.
    ///
    /// - Returns: The results, in the order of the objects; `nil` if the lease was lost.
    /// - Throws: An error if a store is unavailable.
    private func sendAndRecord(
        _ objects: [BucketObject],
        _ rule: NameConflictRule,
        _ lease: Lease,
        to store: any PresignedObjectStore
    ) async throws -> [Result<AddedFile, PontoonError>]? {
        let refusals = try await leases.keep(lease) { [metadata] in
            try await metadata.renewObjectLeases($0)
        } _: { [self] in
            try await mapConcurrently(objects, limit: Self.bucketRequests) { object -> PontoonError? in
                do {
                    try await store.createObject(object.new.key, bytes: object.bytes, crc64: object.digest.crc64)
                    try await self.validate(object.file, of: object.new)
                    return nil
                } catch let error as PontoonError {
                    return error
                }
            }
        }
        guard let refusals else { return nil }
        let durable = zip(objects, refusals).compactMap { object, refusal in
            refusal == nil ? (object.new, object.file) : nil
        }
        guard var added = try await record(durable, rule, leaseID: lease.id)?[...] else { return nil }
        return refusals.map { refusal in
            refusal.map { .failure($0) } ?? added.popFirst() ?? .failure(Self.lost)
        }
    }
}
