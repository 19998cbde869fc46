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
        guard let file = try await metadata.file(try await end(id, reports: reports, caller: caller)) else {
            throw Self.notFound
        }
        return file
    }

    /// As ``complete(_:reports:caller:)``, for an upload that becomes a code package's file.
    package func completePackage(_ id: String, reports: [PartReport], caller: User) async throws -> PackageFile {
        guard let file = try await metadata.packageFile(try await end(id, reports: reports, caller: caller)) else {
            throw Self.notFound
        }
        return file
    }

    /// - Returns: Id of what the upload became.
    private func end(_ id: String, reports: [PartReport], caller: User) async throws -> String {
        while true {
            let upload = try await upload(id, caller: caller)
            switch upload.state {
            case .completed:
                return try Self.fileID(of: upload)
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

    private static func fileID(of upload: Upload) throws -> String {
        guard let fileID = upload.fileID else { throw notFound }
        return fileID
    }

    /// The caller has moved the upload to `.completing`: its parts are fixed and nobody else is here.
    private func assemble(_ upload: Upload) async throws -> String {
        let id = Identifiers.file(now: now())
        do {
            guard try await commit(try await makeContent(of: upload), of: upload, as: id) else { throw Self.notFound }
        } catch {
            return try await takeBack(upload, after: error)
        }
        await hasher?.forget(upload.id)
        await settle(upload)
        // Nothing else of what complete does discards an object.
        if upload.overwrite { await garbage.collect() }
        return id
    }

    /// The file is committed: what cannot be removed now is removed by the next start, and is no reason to fail.
    private func settle(_ upload: Upload) async {
        do { try await objects.settle(upload.key) } catch {}
    }

    /// Before the work of putting parts together; whether the name is free is decided by the commit.
    private func checkName(of upload: Upload) async throws {
        guard case .folder(let parent, _, _) = upload.destination,
            let existing = try await metadata.file(named: upload.name, in: parent),
            existing.kind == .folder || !upload.overwrite
        else { return }
        throw PontoonError(.nameTaken, "A file or folder named '\(upload.name)' exists there.")
    }

    /// The parts to assemble, and their length.
    private func plan(_ upload: Upload) async throws -> (parts: [StoredPart], size: Int64) {
        switch CompletionPlan(parts: try await metadata.parts(of: upload.id), size: upload.size) {
        case .refuse(let reason): throw PontoonError(.completeRefused, reason)
        case .assemble(let parts, let size): return (parts, size)
        }
    }

    private func makeContent(of upload: Upload) async throws -> FileContent {
        let (parts, size) = try await plan(upload)
        try await checkName(of: upload)
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
        return FileContent(key: upload.key, size: size, crc64: Self.combined(parts), md5: md5)
    }

    /// - Returns: `false` when the upload has ended meanwhile.
    private func commit(_ content: FileContent, of upload: Upload, as id: String) async throws -> Bool {
        switch upload.destination {
        case .folder(let parent, let project, _):
            let file = File(
                id: id,
                name: upload.name,
                kind: .file,
                project: project,
                parent: parent,
                content: content,
                createdOn: now()
            )
            return try await metadata.completeUpload(upload.id, file: file, overwrite: upload.overwrite)
        case .automation(let automation):
            let file = PackageFile(
                id: id,
                automation: automation,
                name: upload.name,
                content: content,
                createdOn: now()
            )
            return try await metadata.completeUpload(upload.id, packageFile: file)
        }
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
    private func takeBack(_ upload: Upload, after error: any Error) async throws -> String {
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
            let cause = error is PontoonError ? nil : error
            throw PontoonError(.projectNotFound, "The project was deleted, and the upload with it.", cause: cause)
        }
        if current.state == .completed { return try Self.fileID(of: current) }
        try await giveBack(upload.id)
        switch (error as? PontoonError)?.code {
        case .storageFull:
            throw PontoonError(.completeRefused, "There is not enough room to put the parts together.", cause: error)
        case .destinationNotFound:
            // A folder that is gone never comes back: nobody can complete this upload any more.
            if try await metadata.abortUpload(upload.id) { await garbage.collect() }
            throw error
        default: throw error
        }
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
