package import Foundation

/// Multipart uploads from initialize to complete or abort; storing bytes is ``Parts``.
package struct Uploads: Sendable {
    let metadata: any MetadataStore
    let objects: any ObjectStore
    let access: Access
    let sizing: PartSizing
    let garbage: GarbageCollector
    let hasher: PrefixHasher?
    let now: @Sendable () -> Date
    let stranded = StrandedUploads()

    /// Works on two stores.
    ///
    /// - Parameters:
    ///   - metadata: The records.
    ///   - objects: The bytes.
    ///   - sizing: Limits of part sizes.
    ///   - hasher: Verifies the MD5 that initialize declared; `nil` when the bytes do not pass through this server.
    ///   - now: The time.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        sizing: PartSizing,
        hasher: PrefixHasher?,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        self.access = Access(metadata: metadata)
        self.sizing = sizing
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.hasher = hasher
        self.now = now
    }

    /// Starts an upload.
    ///
    /// - Throws: What docs/api.md#initialize lists; `.noRoom` when the declared bytes would not fit.
    package func initialize(_ request: InitializeRequest, overwrite: Bool, caller: User) async throws -> Upload {
        let (folder, project) = try await access.folder(
            request.destination,
            for: caller,
            needing: .write,
            missing: .destinationNotFound,
            else: .destinationForbidden
        )
        try await checkName(request.name, in: folder, overwrite: overwrite)
        var parentWasNamed = false
        if case .folder = request.destination { parentWasNamed = true }
        let upload = Upload(
            id: Identifiers.upload(),
            userName: caller.name,
            project: project.project.id,
            parent: folder,
            parentWasNamed: parentWasNamed,
            name: request.name,
            size: request.size,
            partSize: sizing.partSize(wish: request.partSize, size: request.size),
            md5: request.md5,
            overwrite: overwrite,
            key: .random(),
            initiatedOn: now()
        )
        // Room first, row second: what a crash leaves in between has no row, and the next start removes it.
        try await objects.prepare(upload.key, size: upload.size)
        do {
            try await metadata.addUpload(upload)
        } catch {
            try await objects.discard(upload.key)
            throw error
        }
        return upload
    }

    /// The caller's unfinished uploads, newest first.
    package func list(caller: User, page: Page) async throws -> Listing<UploadSummary> {
        try await metadata.uploads(of: caller.name, page: page)
    }

    /// One unfinished upload.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func details(_ id: String, caller: User) async throws -> UploadSummary {
        _ = try await unfinished(id, caller: caller)
        guard let summary = try await metadata.uploadSummary(id) else { throw Self.notFound }
        return summary
    }

    /// The reported parts of an unfinished upload, by number.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func reportedParts(of id: String, caller: User) async throws -> [StoredPart] {
        _ = try await unfinished(id, caller: caller)
        return try await metadata.parts(of: id).filter(\.isReported)
    }

    /// Where the client sends one part.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.partUnavailable` while the upload is being completed.
    package func partInfo(
        _ number: PartNumber,
        of id: String,
        caller: User,
        base: BaseURL
    ) async throws -> SignedRequest {
        let upload = try await active(id, caller: caller)
        return try await objects.partRequest(for: upload, part: number, base: base, now: now())
    }

    /// Notes that the client knows its parts to be stored; all or none.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`, `.partUnavailable`; `.reportInvalid` when a part is not stored or
    ///   its tag differs. What is stored stays.
    package func report(_ reports: [PartReport], of id: String, caller: User) async throws {
        _ = try await active(id, caller: caller)
        try await record(reports, of: id)
    }

    /// Ends an upload without a file; its bytes are removed and its URLs stop working.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.abortRefused` while the upload is being completed.
    package func abort(_ id: String, caller: User) async throws {
        let upload = try await unfinished(id, caller: caller)
        guard upload.state == .active, try await metadata.abortUpload(id) else {
            _ = try await unfinished(id, caller: caller)
            throw PontoonError(.abortRefused, "The upload is being completed and cannot be aborted.")
        }
        await hasher?.forget(id)
        try await garbage.collect()
    }

    func record(_ reports: [PartReport], of id: String) async throws {
        guard !reports.isEmpty, let wrong = try await metadata.reportParts(reports, of: id) else { return }
        guard let upload = try await metadata.upload(id) else { throw Self.notFound }
        let stored = try await metadata.part(wrong.number, of: id)
        if upload.state != .active || stored?.etag.lowercased() == wrong.etag.lowercased() {
            // The report may well be right: another call began to complete the upload, and may have given it back since.
            throw PontoonError(.partUnavailable, "The upload is being completed.")
        }
        guard let stored else {
            throw PontoonError(.reportInvalid, "Part \(wrong.number.rawValue) is not stored, send it again.")
        }
        throw PontoonError(
            .reportInvalid,
            "The ETag reported for part \(wrong.number.rawValue) is not that of the stored part (\(stored.etag))."
        )
    }

    /// An upload in any state.
    ///
    /// - Throws: `.uploadNotFound`; `.uploadForbidden` when it is another user's and the caller is no admin of the
    ///   project. A stranger gets `.uploadNotFound`.
    func upload(_ id: String, caller: User) async throws -> Upload {
        guard let upload = try await metadata.upload(id) else { throw Self.notFound }
        if upload.userName == caller.name { return upload }
        guard let project = try await metadata.project(upload.project, for: caller.name) else { throw Self.notFound }
        guard project.permissions.admin else {
            throw PontoonError(.uploadForbidden, "The upload belongs to another user.")
        }
        return upload
    }

    func unfinished(_ id: String, caller: User) async throws -> Upload {
        let upload = try await upload(id, caller: caller)
        guard upload.state != .completed else { throw Self.notFound }
        return upload
    }

    private func active(_ id: String, caller: User) async throws -> Upload {
        let upload = try await unfinished(id, caller: caller)
        guard upload.state == .active else {
            throw PontoonError(.partUnavailable, "The upload is being completed.")
        }
        return upload
    }

    private func checkName(_ name: String, in folder: String, overwrite: Bool) async throws {
        guard let existing = try await metadata.file(named: name, in: folder) else { return }
        if existing.kind == .folder {
            throw PontoonError(.folderExists, "A folder named '\(name)' exists there.")
        }
        if !overwrite {
            throw PontoonError(.nameTaken, "A file named '\(name)' exists there.")
        }
    }

    static var notFound: PontoonError { PontoonError(.uploadNotFound, "Requested upload does not exist.") }
}
