import Crypto
import PontoonFoundation
import NIOCore

/// The steps of a completion that create the object of a leased upload, or undo its creation.
///
/// All methods are idempotent, so they can be called again after a crash or a lost response.
///
/// With a presigned store, a server may lose its lease between any two steps, and its next request to the store may
/// arrive after another server has completed the upload. Such a request must change nothing that the other server uses:
/// a multipart upload can be completed only once, and every other object gets a new key.
struct UploadFinisher: Sendable {
    let metadata: any MetadataStore
    let storage: ObjectStorage
    let garbage: GarbageCollector
    /// The validator of new objects; `nil` if objects are not validated.
    let validator: (any FileValidator)?

    /// Number of bytes of an object read at a time to compute its MD5; each read is one request to the store.
    private static let md5ChunkSize = 8 << 20

    /// Creates the object, verifies the declared MD5 and validates the object, before the file becomes visible.
    ///
    /// - Returns: `nil` if the upload is no longer leased under `lease`.
    /// - Throws: `.completeRefused` if parts are missing, the MD5 does not match, or the validator refuses the object;
    ///   `.unavailable` if the object could not be validated; `.storageFull`; the errors of the stores.
    func finish(_ plan: CompletionPlan, under lease: Lease) async throws -> FinishedUpload? {
        let finished =
            switch storage {
            case .streaming(let store, let hasher, _): try await finish(plan, in: store, hasher)
            case .presigned(let store): try await finish(plan, in: store, under: lease)
            }
        guard let finished, let validator else { return finished }
        do {
            try await validator.validate(UnvalidatedFile(finished))
        } catch let refusal as PontoonError where refusal.code == .completeRefused {
            // In a bucket, the parts have been assembled into the object and can no longer be replaced.
            if case .presigned(let store) = storage, try await !restart(plan.upload, in: store, under: lease) {
                return nil
            }
            throw refusal
        }
        // An empty object has no record yet, so it may have been removed as an orphan while the validator was running.
        if case .presigned(let store) = storage, finished.content.key != finished.upload.key {
            _ = try await store.createEmptyObject(finished.content.key)
        }
        return finished
    }

    /// Undoes ``finish(_:under:)``; does nothing if the upload was not finished.
    ///
    /// Does nothing with a presigned store, because its objects cannot be split into their parts again. The object is
    /// reused when the upload is completed again.
    func revert(_ upload: Upload) async throws {
        switch storage {
        case .streaming(let store, _, _): try await store.revertFinish(upload.key)
        case .presigned: break
        }
    }

    /// Removes the data that only ``revert(_:)`` needs.
    ///
    /// Must be called only after the file is committed.
    func cleanUp(_ finished: FinishedUpload) async throws {
        guard case .streaming(let store, let hasher, _) = storage else { return }
        await hasher.forget(finished.upload.id)
        if finished.needsCleanup { try await store.cleanUp(finished.upload.key) }
    }

    private func finish(
        _ plan: CompletionPlan,
        in store: any StreamingObjectStore,
        _ hasher: PrefixHasher
    ) async throws -> FinishedUpload {
        let upload = plan.upload
        if let declared = upload.md5 {
            guard try await hasher.digest(of: upload, parts: plan.parts) == declared else {
                throw PontoonError(
                    .completeRefused,
                    "The stored bytes do not match the declared MD5; send all parts again."
                )
            }
        }
        if plan.leavesOutParts {
            // Finishing may truncate the bytes of unreported parts, so their records must be deleted first.
            _ = try await metadata.forgetUnreportedParts(of: upload.id)
        }
        let object = try await store.finish(upload, parts: plan.parts)
        return FinishedUpload(
            upload: upload,
            content: FileContent(key: upload.key, size: object.size, crc64: object.crc64, md5: upload.md5),
            needsCleanup: object.needsCleanup,
            labels: plan.labels
        )
    }

    private func finish(
        _ plan: CompletionPlan,
        in store: any PresignedObjectStore,
        under lease: Lease
    ) async throws -> FinishedUpload? {
        let upload = plan.upload
        var key = upload.key
        let object: FinishedObject?
        if let listed = plan.parts.isEmpty ? [] : try await store.listParts(of: upload) {
            let parts = try CompletionPlan.listedParts(
                listed,
                matching: plan.parts,
                declaredSize: upload.size,
                minimumPartSize: store.minimumPartSize
            )
            if parts.isEmpty {
                key = .randomForEmptyObject()
                object = try await store.createEmptyObject(key)
            } else {
                object = try await store.finish(upload, parts: parts)
            }
        } else {
            object = try await store.finishedObject(of: upload, etags: plan.parts.map(\.etag))
        }
        guard let object, (upload.size ?? object.size) == object.size else {
            guard try await restart(upload, in: store, under: lease) else { return nil }
            throw PontoonError(.completeRefused, "The object store does not have all the parts; send all parts again.")
        }
        if let declared = upload.md5 {
            guard try await md5(of: key, in: store) == declared else {
                guard try await restart(upload, in: store, under: lease) else { return nil }
                throw PontoonError(
                    .completeRefused,
                    "The stored bytes do not match the declared MD5; send all parts again."
                )
            }
        }
        return FinishedUpload(
            upload: upload,
            content: FileContent(key: key, size: object.size, crc64: object.crc64, md5: upload.md5),
            needsCleanup: false,
            labels: plan.labels
        )
    }

    /// Returns the MD5 of an object.
    ///
    /// Reads the whole object, because its parts did not pass through this server.
    private func md5(of key: ObjectKey, in store: any PresignedObjectStore) async throws -> String {
        var md5 = Insecure.MD5()
        try await withClosing(try await store.openObject(key), close: { await $0.close() }) { reader in
            try await reader.forEachChunk(of: Self.md5ChunkSize) { bytes in
                bytes.withUnsafeReadableBytes { md5.update(bufferPointer: $0) }
            }
        }
        return Hex.encode(md5.finalize())
    }

    /// Restarts an upload with a new object and without parts, because the stored parts cannot be used for the file.
    ///
    /// - Returns: `false` if the upload is no longer leased under `lease`.
    private func restart(
        _ upload: Upload,
        in store: any PresignedObjectStore,
        under lease: Lease
    ) async throws -> Bool {
        let key = ObjectKey.random()
        let object = ObjectReference(key: key, handle: try await store.prepare(key, size: upload.size))
        // After an error, it is unknown whether the upload was restarted. If it was not, recovery removes the new
        // object.
        guard try await metadata.restartUpload(upload.id, leaseID: lease.id, as: object) else {
            try await store.discard(object)
            return false
        }
        await garbage.collect()
        return true
    }
}
