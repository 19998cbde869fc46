import NIOCore

/// Files that are stored together in a streaming store.
extension Uploads {
    /// Stores files together: makes all objects durable, and then adds the files in one transaction if none is refused.
    ///
    /// - Returns: For each file, the result or refusal of ``put(_:body:limit:reserving:)``.
    /// - Throws: An error if a store is unavailable. Some files may then be stored.
    func add(
        _ files: [(new: NewFile, bytes: ByteBuffer)],
        _ rule: NameConflictRule,
        to store: any StreamingObjectStore
    ) async throws -> [Result<AddedFile, PontoonError>] {
        var digests: [Result<PartDigest.Result, PontoonError>]
        do {
            digests = try await store.createObjects(
                files.map { NewObject(key: $0.new.key, bytes: $0.bytes, expecting: $0.new.put.expected) }
            )
        } catch let error as PontoonError {
            return files.map { _ in .failure(error) }
        }
        if validator != nil { digests = try await validate(zip(files.map(\.new), digests), in: store) }
        let durable = zip(files, digests).compactMap { file, digest in
            (try? digest.get()).map { (new: file.new, file: file.new.file(size: $0.size, crc64: $0.crc64)) }
        }
        var added: ArraySlice<Result<AddedFile, PontoonError>>
        do {
            added = (try await record(durable, rule, leaseID: nil) ?? [])[...]
        } catch {
            added = try await outcomes(of: durable.map(\.new), in: store, after: error)[...]
        }
        let unused = zip(durable, added).compactMap { file, result -> ObjectKey? in
            if case .success(.added) = result { nil } else { file.new.key }
        }
        if !unused.isEmpty { await store.removeUnconfirmed(unused) }
        _ = try? await store.confirm(durable.map(\.new.key))  // If this fails, the next start confirms them.
        return digests.map { digest in digest.flatMap { _ in added.popFirst() ?? .failure(Self.lost) } }
    }

    /// Maximum number of files of an archive that are validated concurrently.
    private static let validations = 16

    /// Validates files whose bytes are durable, and removes the bytes of files that are refused.
    ///
    /// - Returns: For each file, its digest, or the error if it was refused or could not be validated.
    /// - Throws: `CancellationError`; the bytes of all files are then removed.
    private func validate(
        _ files: some Sequence<(NewFile, Result<PartDigest.Result, PontoonError>)>,
        in store: any StreamingObjectStore
    ) async throws -> [Result<PartDigest.Result, PontoonError>] {
        let files = Array(files)
        do {
            return try await mapConcurrently(files, limit: Self.validations) { [self] new, digest in
                guard case .success(let result) = digest else { return digest }
                do {
                    try await validate(new.file(size: result.size, crc64: result.crc64), of: new)
                    return digest
                } catch let refusal as PontoonError {
                    await store.removeUnconfirmed([new.key])
                    return .failure(refusal)
                }
            }
        } catch {
            await store.removeUnconfirmed(files.map(\.0.key))
            throw error
        }
    }

    static var lost: PontoonError { PontoonError(.internalError, "The file was not stored.") }

    /// Adds the files of durable objects, one by one if they cannot be added together.
    ///
    /// - Returns: The results; `nil` if the lease of the objects was lost, in which case nothing is changed.
    /// - Throws: An error if the metadata store is unavailable; some or all of the files may then have been added.
    func record(
        _ files: [(new: NewFile, file: File)],
        _ rule: NameConflictRule,
        leaseID: String?
    ) async throws -> [Result<AddedFile, PontoonError>]? {
        guard let user = files.first?.new.userName else { return [] }
        do {
            return try await metadata.addFiles(files.map(\.file), by: user, onConflict: rule, leaseID: leaseID)?
                .map { .success($0) }
        } catch is PontoonError {
            // Adds the files one by one, to find out which of them are refused.
            var results: [Result<AddedFile, PontoonError>] = []
            for file in files {
                do {
                    results.append(.success(try await commit(file.file, of: file.new, leaseID: leaseID)))
                } catch let error as PontoonError {
                    results.append(.failure(error))
                }
            }
            return results
        }
    }

    /// Finds out which files were added by transactions that ended with an error, and discards the objects of all other
    /// files.
    ///
    /// - Returns: The files, if all of them were added.
    /// - Throws: `error` if a file was not added; an error if a store is unavailable.
    private func outcomes(
        of files: [NewFile],
        in store: any StreamingObjectStore,
        after error: any Error
    ) async throws -> [Result<AddedFile, PontoonError>] {
        var results: [Result<AddedFile, PontoonError>] = []
        for new in files {
            // If this fails too, the next start removes the objects, or confirms them.
            let isDiscarded = try await metadata.discardUnrecordedObject(new.key)
            try await store.confirm([new.key])
            if !isDiscarded, let file = try await metadata.file(new.id) { results.append(.success(.added(file))) }
        }
        guard results.count == files.count else {
            await garbage.collect()
            throw error
        }
        return results
    }
}

extension Uploads {
    /// Returns the maximum length in bytes of a file in an archive.
    ///
    /// - Parameter limit: Maximum length in bytes of an object that is sent to a bucket with one request.
    /// - Returns: The maximum.
    package func maximumArchivedFile(ofBucket limit: Int64) -> Int64 {
        switch storage {
        case .streaming: PartSizing.maximumFileSize
        case .presigned: limit
        }
    }
}
