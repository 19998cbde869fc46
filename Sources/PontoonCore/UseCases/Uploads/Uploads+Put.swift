import PontoonFoundation
package import NIOCore

/// The use case that stores a whole file in one call, without an upload.
///
/// The object is made durable first. Then one transaction applies all rules for creating and completing an upload, and
/// commits the file's record. After a crash in between, recovery removes the object; see ``FilePutStore``.
extension Uploads {
    /// Maximum length in bytes of a body that is read even if its request is refused, so that the connection can be
    /// reused.
    package static let longestIgnoredBody: Int64 = 64 << 10

    /// Checks everything that does not depend on the bytes of a file, before the bytes are received.
    ///
    /// Quotas are checked here only if the announced length exceeds ``longestIgnoredBody``. The transaction that adds
    /// the file always checks them.
    ///
    /// - Parameters:
    ///   - put: The description of the file.
    ///   - limit: Maximum length of the file in bytes.
    ///   - caller: Needs `write` in the project.
    /// - Returns: The file for ``put(_:body:limit:reserving:)``, or the existing file that is kept.
    /// - Throws: `.metadataInvalid`, or `.badRequest` for invalid tags; `.projectNotFound`, `.destinationNotFound`,
    ///   `.destinationForbidden` (including if the rule is `overwrite` and the caller's token has the scope `upload`)
    ///   or `.parentNotFolder`; `.nameTaken` or `.folderExists` if the name is taken; `.requestTooLarge`;
    ///   `.quotaExceeded`.
    package func check(_ put: FilePut, limit: Int64, caller: Caller) async throws -> CheckedFilePut {
        try put.labels.check()
        try Self.check(put.rule, caller)
        guard (put.length ?? 0) <= limit else { throw Self.tooLong(limit) }
        // Cached rows suffice, because the transaction checks again that the folder exists, that the caller may write
        // to it, and that the name is free.
        let (folder, project) = try await access.folder(
            put.folder,
            for: caller,
            reading: .cached,
            needing: .write,
            missing: .destinationNotFound,
            else: .destinationForbidden
        )
        if let existing = try await existing(put, in: folder) { return .existing(existing) }
        if let length = put.length, length > Self.longestIgnoredBody {
            let growth = Usage(storedBytes: length, files: 1)
            try await metadata.checkQuota(for: growth, in: project, by: caller.name, isSender: false)
        }
        return .new(newFile(put, folder, project, caller))
    }

    /// Checks that the scope of the caller's token allows a conflict rule.
    ///
    /// - Throws: `.destinationForbidden`.
    static func check(_ rule: NameConflictRule, _ caller: Caller) throws(PontoonError) {
        guard rule != .overwrite || caller.rights.scope != .upload else {
            throw PontoonError(.destinationForbidden, "A token with the scope 'upload' cannot replace a file.")
        }
    }

    /// Returns the description of a file to store, with a new object key and file id.
    func newFile(_ put: FilePut, _ folder: String, _ project: ProjectID, _ caller: Caller) -> NewFile {
        let time = now()
        return NewFile(
            put: put,
            folder: folder,
            project: project,
            userName: caller.name,
            key: .randomForFilePut(),
            id: Identifiers.file(now: time),
            createdOn: time
        )
    }

    /// Stores a file.
    ///
    /// - Parameters:
    ///   - new: The file.
    ///   - body: The bytes, in chunks of any size.
    ///   - limit: Maximum length of the file in bytes.
    ///   - reserve: Reserves memory for the given number of bytes, or throws an error if there is not enough. The bytes
    ///     are kept in memory until the call ends. Called for each chunk, and only with a presigned store.
    /// - Returns: The file.
    /// - Throws: `.requestTooLarge`; `.bodyIncomplete`; `.checksumMismatch`; `.storageFull`, or `.noRoom` if the bucket
    ///   refuses the object; `.nameTaken` or `.folderExists` if the name is taken; `.fileNameInvalid` if the number
    ///   added by the rule `rename` makes the name too long; `.destinationNotFound`; `.quotaExceeded`;
    ///   `.completeRefused` if the validator refuses the file, or `.unavailable` if the file could not be validated;
    ///   the errors of `reserve`. After these errors, nothing is stored.
    package func put<Body: AsyncSequence & Sendable>(
        _ new: NewFile,
        body: Body,
        limit: Int64,
        reserving reserve: @escaping @Sendable (Int) throws -> Void
    ) async throws -> AddedFile where Body.Element == ByteBuffer {
        let added: AddedFile
        switch storage {
        case .streaming(let store, _, _):
            added = try await add(new, body, limit: limit, to: store)
        case .presigned(let store):
            // Does not run on the event loop, because the whole body is hashed at once to sign the request to the
            // bucket.
            added = try await withTaskExecutorPreference(globalConcurrentExecutor) {
                try await add(new, body, limit: limit, to: store, reserving: reserve)
            }
        }
        await noteStored([added], new.put.rule)
        return added
    }

    /// Adds the bytes of added files to the measured throughput, and removes the objects of replaced files.
    func noteStored(_ files: [AddedFile], _ rule: NameConflictRule) async {
        var size: Int64?
        for case .added(let file) in files { size = (size ?? 0).addingClamped(file.content?.size ?? 0) }
        guard let size else { return }
        received.add(size)
        if rule == .overwrite { await garbage.collect() }
    }

    /// Returns the existing file that is kept because of the rule `skip`; `nil` if the new file can be added.
    ///
    /// - Throws: `.nameTaken` or `.folderExists` if the rule refuses the file.
    func existing(_ put: FilePut, in folder: String) async throws -> File? {
        if put.rule == .rename { return nil }
        guard let existing = try await metadata.file(named: put.name, in: folder) else { return nil }
        guard existing.kind == .file else {
            throw PontoonError(.folderExists, "A folder named '\(put.name)' already exists; choose another name.")
        }
        switch put.rule {
        case .skip: return existing
        case .overwrite, .rename: return nil
        case .fail:
            throw PontoonError(
                .nameTaken,
                "A file named '\(put.name)' already exists; choose another name or another rule with 'on_conflict'."
            )
        }
    }

    // MARK: - Streaming stores

    private func add<Body: AsyncSequence & Sendable>(
        _ new: NewFile,
        _ body: Body,
        limit: Int64,
        to store: any StreamingObjectStore
    ) async throws -> AddedFile where Body.Element == ByteBuffer {
        let writer = store.openWriter(of: new.key, expecting: new.put.expected)
        let last: ByteBuffer?
        do {
            last = try await Self.receive(body, length: new.put.length, limit: limit) { try await writer.write($0) }
        } catch {
            await writer.abort()
            throw error
        }
        return try await finish(writer, last: last, of: new, in: store)
    }

    /// Makes the bytes of a file durable, passes the file to the validator, and adds the file.
    ///
    /// The writer must not be used afterwards.
    ///
    /// - Throws: The errors of ``put(_:body:limit:reserving:)``.
    func finish(
        _ writer: any ObjectWriter,
        last: ByteBuffer?,
        of new: NewFile,
        in store: any StreamingObjectStore
    ) async throws -> AddedFile {
        var isOutcomeUnknown = false
        do {
            return try await writer.commit(last: last) { digest in
                do {
                    let file = new.file(size: digest.size, crc64: digest.crc64)
                    try await validate(file, of: new)
                    return try await commit(file, of: new, leaseID: nil)
                } catch {
                    isOutcomeUnknown = !(error is PontoonError)
                    throw error
                }
            }
        } catch  where isOutcomeUnknown {
            // If this also fails, the next start removes the object or, if its record was committed, confirms it.
            let isDiscarded = try await metadata.discardUnrecordedObject(new.key)
            try await store.confirm([new.key])
            return try await outcome(of: new, isDiscarded: isDiscarded, after: error)
        }
    }

    // MARK: - Presigned stores

    private func add<Body: AsyncSequence & Sendable>(
        _ new: NewFile,
        _ body: Body,
        limit: Int64,
        to store: any PresignedObjectStore,
        reserving reserve: @escaping @Sendable (Int) throws -> Void
    ) async throws -> AddedFile where Body.Element == ByteBuffer {
        var bytes = ByteBuffer()
        var digest = PartDigest(expecting: new.put.expected)
        let append = { (chunk: ByteBuffer) in
            try reserve(chunk.readableBytes)
            chunk.withUnsafeReadableBytes { digest.update($0) }
            bytes.writeImmutableBuffer(chunk)
        }
        if let last = try await Self.receive(body, length: new.put.length, limit: limit, append) { try append(last) }
        let result = digest.finish()
        try result.requireMatch()
        let file = new.file(size: result.size, crc64: result.crc64)
        let lease = leases.new()
        try await metadata.leaseObjects([new.key], lease)
        do {
            let object = bytes
            let isStored = try await leases.keep(lease) { [metadata] in
                try await metadata.renewObjectLeases($0)
            } _: { [self] in
                try await store.createObject(new.key, bytes: object, crc64: result.crc64)
                try await validate(file, of: new)
                return true
            }
            if isStored != nil,
                let added = try await metadata.addFile(
                    file,
                    by: new.userName,
                    onConflict: new.put.rule,
                    leaseID: lease.id
                )
            {
                if case .added = added { return added }
                if try await !metadata.discardLeasedObjects(leaseID: lease.id).isEmpty { await garbage.collect() }
                return added
            }
        } catch {
            // If this also fails, the object is discarded once the lease has expired.
            let isDiscarded = try await !metadata.discardLeasedObjects(leaseID: lease.id).isEmpty
            return try await outcome(of: new, isDiscarded: isDiscarded, after: error)
        }
        // Another server has discarded the object, but the bucket may have created it only after that.
        try await store.discard(ObjectReference(key: new.key))
        throw Self.leaseLost
    }

    static var leaseLost: PontoonError {
        PontoonError(.unavailable, "The server was interrupted while it stored the file; send it again.")
    }

    // MARK: - Common steps

    /// Passes a file whose bytes are durable to the validator, if there is one.
    ///
    /// - Throws: The errors of ``FileValidator/validate(_:)``.
    func validate(_ file: File, of new: NewFile) async throws {
        guard let validator, let file = UnvalidatedFile(file, by: new.userName) else { return }
        try await validator.validate(file)
    }

    func commit(_ file: File, of new: NewFile, leaseID: String?) async throws -> AddedFile {
        let added = try await metadata.addFile(file, by: new.userName, onConflict: new.put.rule, leaseID: leaseID)
        guard let added else { throw Self.leaseLost }
        return added
    }

    /// Returns the file if its transaction was committed despite the error; otherwise removes its discarded object.
    ///
    /// - Throws: `error` if the file was not added.
    private func outcome(of new: NewFile, isDiscarded: Bool, after error: any Error) async throws -> AddedFile {
        if isDiscarded {
            await garbage.collect()
            throw error
        }
        guard let file = try await metadata.file(new.id) else { throw error }
        return .added(file)
    }

    /// Passes the body to `write`, except its last chunk if the length is known.
    ///
    /// - Returns: The last chunk, which the caller must write; `nil` if all bytes have been written.
    /// - Throws: `.requestTooLarge` if the body is longer than `limit`; `.bodyIncomplete`; `CancellationError`; the
    ///   errors of the body and of `write`.
    private static func receive<Body: AsyncSequence & Sendable>(
        _ body: Body,
        length: Int64?,
        limit: Int64,
        _ write: (ByteBuffer) async throws -> Void
    ) async throws -> ByteBuffer? where Body.Element == ByteBuffer {
        var received: Int64 = 0
        var last: ByteBuffer?
        for try await chunk in body where chunk.readableBytes > 0 {
            received += Int64(chunk.readableBytes)
            guard received <= limit else { throw tooLong(limit) }
            if let last { try await write(last) }
            last = received == length ? chunk : nil
            if last == nil { try await write(chunk) }
        }
        // The body of a cancelled request ends early without an error.
        try Task.checkCancellation()
        if let length, received != length {
            throw PontoonError(.bodyIncomplete, "Received \(received) of \(length) bytes; send the file again.")
        }
        return last
    }

    static func tooLong(_ limit: Int64) -> PontoonError {
        PontoonError(
            .requestTooLarge,
            "The file is longer than \(limit) bytes, which is the maximum for one call; use a multipart upload."
        )
    }
}

extension PartDigest.Result {
    /// Checks that the checksums of a file's bytes match the checksums that the client sent.
    ///
    /// - Throws: `.checksumMismatch`.
    package func requireMatch() throws(PontoonError) {
        guard let header = mismatch else { return }
        throw PontoonError(.checksumMismatch, "The received bytes do not match \(header); send the file again.")
    }
}
