package import Foundation

/// Multipart uploads from initialize to complete or abort; storing bytes is ``Parts``.
///
/// Those that become files and those that become code packages live in two worlds: what is asked of the one does not see
/// the other.
package struct Uploads: Sendable {
    let metadata: any MetadataStore
    let objects: any ObjectStore
    /// The same store, when bytes go straight to it.
    let direct: (any PresignedObjectStore)?
    let access: Access
    let sizing: PartSizing
    let garbage: GarbageCollector
    let hasher: PrefixHasher?
    let leases: LeaseRenewer
    let now: @Sendable () -> Date
    private var isForPackages = false
    let stranded = PendingRollbacks()

    /// Works on two stores.
    ///
    /// - Parameters:
    ///   - metadata: The records.
    ///   - objects: The bytes.
    ///   - sizing: Limits of part sizes.
    ///   - hasher: Verifies the MD5 that initialize declared; `nil` when the bytes do not pass through this server.
    ///   - leaseDuration: When another server may take over a completion that this one has begun and says nothing more
    ///     about; `nil` when no other server uses the stores.
    ///   - now: The time.
    package init(
        metadata: any MetadataStore,
        objects: any ObjectStore,
        sizing: PartSizing,
        hasher: PrefixHasher?,
        leaseDuration: Duration? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        self.metadata = metadata
        self.objects = objects
        let direct = objects as? any PresignedObjectStore
        self.direct = direct
        self.access = Access(metadata: metadata)
        self.sizing = sizing.atLeast(direct?.minimumPartSize ?? sizing.minimumPartSize)
        self.garbage = GarbageCollector(metadata: metadata, objects: objects)
        self.hasher = hasher
        self.leases = LeaseRenewer(lifetime: leaseDuration, now: now)
        self.now = { now().wholeMilliseconds }
    }

    /// The same for uploads that become code packages.
    package var ofPackages: Uploads {
        var copy = self
        copy.isForPackages = true
        return copy
    }

    /// Starts an upload.
    ///
    /// - Throws: What docs/api.md#initialize lists; `.noRoom` when the declared bytes would not fit.
    package func initialize(_ request: InitializeRequest, overwrite: Bool, caller: User) async throws -> Upload {
        let destination = try await destination(request.destination, caller: caller)
        if case .folder(let folder, _, _) = destination {
            try await checkName(request.content.name, in: folder, overwrite: overwrite)
        }
        return try await begin(request.content, for: destination, overwrite: overwrite, caller: caller)
    }

    /// The folder that a caller names, or the root of the project; adding the upload asks again whether it is there.
    private func destination(
        _ named: InitializeRequest.Destination,
        caller: User
    ) async throws -> Upload.Destination {
        let refusal = PontoonError.Code.destinationForbidden
        switch named {
        case .project(let id):
            let project = try await access.project(id, for: caller, reading: .cached, needing: .write, else: refusal)
                .project
            return .folder(id: project.rootFolder, project: project.id, wasGivenByFolder: false)
        case .folder:
            let (folder, project) = try await access.folder(
                named,
                for: caller,
                needing: .write,
                missing: .destinationNotFound,
                else: refusal
            )
            return .folder(id: folder, project: project, wasGivenByFolder: true)
        }
    }

    /// Starts an upload of a code package.
    ///
    /// - Throws: `.automationNotFound`; `.noRoom` when the declared bytes would not fit.
    package func initialize(_ request: InitializePackageRequest, caller: User) async throws -> Upload {
        let automation = try await access.automation(request.automation, for: caller)
        return try await begin(request.content, for: .automation(id: automation.id), overwrite: false, caller: caller)
    }

    private func begin(
        _ content: DeclaredContent,
        for destination: Upload.Destination,
        overwrite: Bool,
        caller: User
    ) async throws -> Upload {
        let (partSize, key) = (sizing.partSize(wish: content.partSize, size: content.size), ObjectKey.random())
        // Room first, row second: what a crash leaves in between has no row, and recovery removes it.
        let handle = try await objects.prepare(key, size: content.size)
        let upload = Upload(
            id: Identifiers.upload(),
            userName: caller.name,
            destination: destination,
            name: content.name,
            size: content.size,
            partSize: partSize,
            md5: content.md5,
            overwrite: overwrite,
            key: key,
            handle: handle,
            initiatedOn: now()
        )
        do {
            try await metadata.addUpload(upload)
        } catch {
            try await objects.discard(upload.object)
            throw error
        }
        return upload
    }

    /// The caller's unfinished uploads that become files, newest first.
    package func list(caller: User, page: Page) async throws -> Listing<UploadSummary> {
        let uploads = try await metadata.uploads(of: caller.name, page: page)
        return Listing(items: uploads.items.map(known), total: uploads.total)
    }

    /// Leaves out what only the object store knows.
    private func known(_ summary: UploadSummary) -> UploadSummary {
        guard direct != nil else { return summary }
        return UploadSummary(
            upload: summary.upload,
            reportedParts: summary.reportedParts,
            storedParts: nil,
            storedBytes: nil
        )
    }

    /// One unfinished upload.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func details(_ id: String, caller: User) async throws -> UploadSummary {
        _ = try await unfinished(id, caller: caller)
        guard let summary = try await metadata.uploadSummary(id) else { throw Self.notFound }
        return known(summary)
    }

    /// The reported parts of an unfinished upload, by number.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func reportedParts(of id: String, caller: User) async throws -> [PartRecord] {
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
        await garbage.collect()
    }

    func record(_ reports: [PartReport], of id: String) async throws {
        guard direct == nil else { return try await recordUnseen(reports, of: id) }
        if let rejection = try await metadata.reportParts(reports, of: id) { throw Self.refusal(rejection) }
    }

    static func refusal(_ rejection: ReportRejection) -> PontoonError {
        switch rejection {
        case .uploadNotFound: notFound
        case .uploadNotActive: PontoonError(.partUnavailable, "The upload is being completed.")
        case .partNotStored(let number):
            PontoonError(.reportInvalid, "Part \(number.rawValue) is not stored, send it again.")
        case .etagMismatch(let number, let stored):
            PontoonError(
                .reportInvalid,
                "The ETag reported for part \(number.rawValue) is not that of the stored part (\(stored))."
            )
        }
    }

    /// An upload in any state.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - caller: Its initiator, who must still be allowed to write into the project, or an admin of the project.
    ///   - mayProgress: Whether the call may bring the upload to its end. Looking at an upload and giving it up are left to
    ///     its initiator whatever happens to the membership.
    /// - Returns: The upload.
    /// - Throws: `.uploadNotFound`, also for strangers; `.uploadForbidden`.
    func upload(_ id: String, caller: User, mayProgress: Bool = true) async throws -> Upload {
        guard let upload = try await metadata.upload(id), upload.isPackage == isForPackages else { throw Self.notFound }
        let isOwn = upload.userName == caller.name
        if isOwn, !mayProgress { return upload }
        guard case .folder(_, let project, _) = upload.destination else {
            // An automation is its owner's alone.
            if isOwn { return upload }
            throw Self.notFound
        }
        let permissions = try await metadata.permissions(of: caller.name, in: project)
        if let permissions, permissions.allows(isOwn ? .write : .admin) { return upload }
        // Without a membership it may also have gone with its project between the two questions.
        if permissions == nil {
            guard isOwn, try await metadata.upload(id) != nil else { throw Self.notFound }
        }
        if isOwn { throw Self.mayNotWrite }
        throw PontoonError(.uploadForbidden, "You cannot use this upload. It belongs to another user.")
    }

    func unfinished(_ id: String, caller: User) async throws -> Upload {
        let upload = try await upload(id, caller: caller, mayProgress: false)
        guard upload.state != .completed else { throw Self.notFound }
        return upload
    }

    func active(_ id: String, caller: User) async throws -> Upload {
        if let recent = try await recentlyActive(id, caller: caller) { return recent }
        let upload = try await upload(id, caller: caller)
        switch upload.state {
        case .active: return upload
        case .completing: throw PontoonError(.partUnavailable, "The upload is being completed.")
        case .completed: throw Self.notFound
        }
    }

    /// The usual case without asking the store: the initiator goes on with an upload.
    ///
    /// - Returns: `nil` when it may be otherwise; then only the store knows.
    func recentlyActive(_ id: String, caller: User) async throws -> Upload? {
        guard let upload = try await metadata.upload(id, reading: .cached), upload.isPackage == isForPackages,
            upload.state == .active, upload.userName == caller.name
        else { return nil }
        guard case .folder(_, let project, _) = upload.destination else { return upload }
        let permissions = try await metadata.permissions(of: caller.name, in: project, reading: .cached)
        return permissions?.allows(.write) == true ? upload : nil
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

    static var mayNotWrite: PontoonError {
        PontoonError(.uploadForbidden, "You cannot use this upload. You may not write into its project any more.")
    }

    static var notFound: PontoonError { PontoonError(.uploadNotFound, "Requested upload does not exist.") }
}
