import Foundation

extension Uploads {
    /// Ends an upload: its parts become one file.
    ///
    /// Asked again, it answers with the same file; asked twice at once, one caller does the work and both get its file.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - reports: Parts still to be reported; those reported before may be among them.
    ///   - caller: Who asks.
    /// - Returns: The file.
    /// - Throws: What docs/api.md#complete lists. After `.completeRefused` and `.nameTaken` the upload stays usable.
    package func complete(_ id: String, reports: [PartReport], caller: User) async throws -> File {
        while true {
            let upload = try await upload(id, caller: caller)
            switch upload.state {
            case .completed:
                return try await finishedFile(of: upload)
            case .completing where stranded.remove(id):
                try await giveBack(id)
            case .completing:
                // Another call is at work, here or on another server; only the store knows when it ends.
                try await Task.sleep(for: .milliseconds(20))
            case .active:
                do {
                    try await record(reports, of: id)
                    // Decided before the move as well: a complete that comes too early must not disturb parts on their way.
                    _ = try await plan(upload)
                } catch let error as PontoonError {
                    // The parts' records go when another call completes the upload in between.
                    guard try await self.upload(id, caller: caller).state != .active else { throw error }
                    continue
                }
                // From here on "completing" means that this call, or one like it, is at work.
                _ = stranded.remove(id)
                if try await metadata.moveUpload(id, from: .active, to: .completing) {
                    return try await assemble(upload)
                }
            }
        }
    }

    /// Begins again the completions that a crash cut off: their uploads can be completed as before.
    package func recoverCompletions() async throws {
        for upload in try await metadata.completingUploads() {
            try await objects.reopen(upload.key)
            _ = try await metadata.moveUpload(upload.id, from: .completing, to: .active)
        }
    }

    /// Makes usable again the uploads that could not be when their completion failed.
    package func retryStranded() async throws {
        for id in stranded.all where stranded.remove(id) { try await giveBack(id) }
    }

    private func finishedFile(of upload: Upload) async throws -> File {
        guard let fileID = upload.fileID, let file = try await metadata.file(fileID) else { throw Self.notFound }
        return file
    }

    /// The caller has moved the upload to `.completing`: its parts are fixed and nobody else is here.
    private func assemble(_ upload: Upload) async throws -> File {
        do {
            let file = try await makeFile(of: upload)
            guard try await metadata.completeUpload(upload.id, file: file, overwrite: upload.overwrite) else {
                throw Self.notFound
            }
            await hasher?.forget(upload.id)
            try await objects.settle(upload.key)
            try await garbage.collect()
            return file
        } catch {
            return try await takeBack(upload, after: error)
        }
    }

    /// The parts to assemble, and their length.
    private func plan(_ upload: Upload) async throws -> (parts: [StoredPart], size: Int64) {
        switch CompletionPlan(parts: try await metadata.parts(of: upload.id), size: upload.size) {
        case .refuse(let reason): throw PontoonError(.completeRefused, reason)
        case .assemble(let parts, let size): return (parts, size)
        }
    }

    private func makeFile(of upload: Upload) async throws -> File {
        let (parts, size) = try await plan(upload)
        if let existing = try await metadata.file(named: upload.name, in: upload.parent),
            existing.kind == .folder || !upload.overwrite
        {
            throw PontoonError(.nameTaken, "A file or folder named '\(upload.name)' exists there.")
        }
        var md5: String?
        if let declared = upload.md5, let hasher {
            md5 = try await hasher.digest(of: upload, parts: parts)
            guard md5 == declared else {
                throw PontoonError(.completeRefused, "The stored bytes do not have the MD5 that was declared.")
            }
        }
        // Finishing may cut off the bytes of parts that the client left out: nobody may vouch for them from here on.
        _ = try await metadata.forgetUnreportedParts(of: upload.id)
        try await objects.finish(upload.key, parts: parts, partSize: upload.partSize)
        return File(
            id: Identifiers.file(now: now()),
            name: upload.name,
            kind: .file,
            project: upload.project,
            parent: upload.parent,
            content: FileContent(key: upload.key, size: size, crc64: Self.combined(parts), md5: md5),
            createdOn: now()
        )
    }

    /// The whole file's checksum, without reading it again; `nil` when a part has none.
    private static func combined(_ parts: [StoredPart]) -> CRC64NVME? {
        var whole = CRC64NVME()
        for part in parts {
            guard let crc64 = part.crc64 else { return nil }
            whole = whole.appending(crc64, length: part.size)
        }
        return whole
    }

    /// Makes the upload usable again, unless the file was made after all and only the answer was lost.
    private func takeBack(_ upload: Upload, after error: any Error) async throws -> File {
        let current: Upload?
        do {
            current = try await metadata.upload(upload.id)
        } catch {
            stranded.insert(upload.id)
            throw error
        }
        guard let current else {
            // Its project was deleted meanwhile, and what finishing made has no owner.
            try await objects.discard(upload.key)
            throw error
        }
        if current.state == .completed { return try await finishedFile(of: current) }
        try await giveBack(upload.id)
        if let refusal = error as? PontoonError, refusal.code == .storageFull {
            throw PontoonError(.completeRefused, "There is not enough room to put the parts together.", cause: error)
        }
        throw error
    }

    private func giveBack(_ id: String) async throws {
        do {
            // A commit that failed may still show after a crash, until another one has taken place. Only then is it sure that
            // the upload is not completed.
            guard try await metadata.moveUpload(id, from: .completing, to: .completing),
                let upload = try await metadata.upload(id)
            else { return }
            try await objects.reopen(upload.key)
            _ = try await metadata.moveUpload(id, from: .completing, to: .active)
        } catch {
            stranded.insert(id)
            throw error
        }
    }
}
