package import PontoonFoundation

/// The use cases that create, query, complete and abort multipart uploads.
///
/// With a streaming store, ``Parts`` receives and stores the bytes.
package final class Uploads: Sendable {
    let metadata: any MetadataStore
    let storage: ObjectStorage
    let access: Access
    private let sizing: PartSizing
    private let limits: UserLimits
    /// Minimum declared size in bytes for which quotas are checked even before space is preallocated, so that a user
    /// whose quota is exhausted cannot fill the disk even briefly.
    private static let preallocationToCheck: Int64 = 64 << 20
    let garbage: GarbageCollector
    private let reports: PartReports
    let uploads: UploadAccess
    private let activity: UploadActivity
    /// The meter of the rate at which the bytes of file puts and archive puts arrive.
    let received: ThroughputMeter
    let leases: LeaseRenewer
    let validator: (any FileValidator)?
    let now: @Sendable () -> Date
    /// The use case that completes uploads and rolls back interrupted completions.
    package let completion: CompleteUpload

    /// - Parameters:
    ///   - metadata: The metadata store.
    ///   - storage: The object store.
    ///   - sizing: Limits on part sizes. If the object store requires a larger minimum, that minimum applies.
    ///   - limits: Limits per user, of which only the number of unfinished uploads is used.
    ///   - leaseDuration: Time without a lease renewal after which another server may take over a completion; `nil` if
    ///     no other server shares the stores.
    ///   - activityInterval: With a presigned store, minimum time between two records of a client's activity in an
    ///     upload. Must be much shorter than the lifetime of uploads, which expire without activity.
    ///   - received: Measures the rate at which the bytes of file puts and archive puts arrive.
    ///   - validator: Checks new files; `nil` if they are not checked.
    ///   - now: Returns the current time.
    package init(
        metadata: any MetadataStore,
        storage: ObjectStorage,
        sizing: PartSizing,
        limits: UserLimits = UserLimits(),
        leaseDuration: Duration? = nil,
        activityInterval: Duration = .seconds(60),
        received: ThroughputMeter = ThroughputMeter(),
        validator: (any FileValidator)? = nil,
        now: @escaping @Sendable () -> Date = { Date() }
    ) {
        // The metadata store stores times in milliseconds.
        let now = { @Sendable in now().wholeMilliseconds }
        self.metadata = metadata
        self.storage = storage
        self.access = Access(metadata: metadata)
        self.sizing = sizing.atLeast(storage.minimumPartSize)
        self.limits = limits
        self.garbage = GarbageCollector(metadata: metadata, objects: storage.store)
        self.reports = PartReports(metadata: metadata, storage: storage, now: now)
        self.uploads = UploadAccess(metadata: metadata, namespace: .files)
        self.activity = UploadActivity(metadata: metadata, interval: activityInterval)
        self.received = received
        self.leases = LeaseRenewer(duration: leaseDuration, now: now)
        self.validator = validator
        self.now = now
        self.completion = CompleteUpload(
            metadata: metadata,
            storage: storage,
            leaseDuration: leaseDuration,
            validator: validator,
            now: now
        )
    }

    /// Creates a copy of `other` that accesses uploads through `uploads`.
    init(_ other: Uploads, for uploads: UploadAccess) {
        metadata = other.metadata
        storage = other.storage
        access = other.access
        sizing = other.sizing
        limits = other.limits
        garbage = other.garbage
        reports = other.reports
        self.uploads = uploads
        activity = other.activity
        received = other.received
        leases = other.leases
        validator = other.validator
        now = other.now
        completion = other.completion
    }

    /// These use cases for uploads that become files of code packages.
    package var ofCodePackages: Uploads {
        Uploads(self, for: UploadAccess(metadata: metadata, namespace: .codePackages))
    }

    // MARK: - Initialize

    /// Creates an upload of a file.
    ///
    /// - Throws: `.metadataInvalid`, or `.badRequest` for invalid tags; `.projectNotFound`, `.destinationNotFound`,
    ///   `.destinationForbidden` (including if the rule is `overwrite` and the caller's token has the scope `upload`)
    ///   or `.parentNotFolder`; `.nameTaken` or `.folderExists` if the name is taken; `.noRoom` if there is not enough
    ///   space for the declared bytes, or the object store refuses the upload; `.limitReached` if the caller has too
    ///   many unfinished uploads; `.quotaExceeded`.
    package func initialize(
        _ content: DeclaredContent,
        in folder: FolderReference,
        rule: NameConflictRule,
        caller: Caller
    ) async throws -> Upload {
        try content.labels.check()
        try Self.check(rule, caller)
        let destination = try await destination(folder, caller: caller)
        if case .folder(let folder, _, _) = destination { try await checkName(content.name, in: folder, rule) }
        return try await begin(content, for: destination, rule: rule, userName: caller.name)
    }

    /// Returns the existing file that ``NameConflictRule/skip`` would keep; `nil` if there is none.
    ///
    /// - Throws: The errors of ``initialize(_:in:rule:caller:)`` for the destination and the name.
    package func existingFile(_ name: String, in folder: FolderReference, caller: Caller) async throws -> File? {
        guard case .folder(let folder, _, _) = try await destination(folder, caller: caller) else { return nil }
        return try await checkName(name, in: folder, .skip)
    }

    /// Creates an upload of a code package's file.
    ///
    /// - Throws: `.automationNotFound`; `.noRoom` if there is not enough space for the declared bytes, or the object
    ///   store refuses the upload; `.limitReached` if the caller has too many unfinished uploads of code packages.
    package func initialize(_ content: DeclaredContent, automation id: String, caller: Caller) async throws -> Upload {
        let automation = try await access.automation(id, for: caller)
        return try await begin(content, for: .automation(id: automation.id), rule: .fail, userName: caller.name)
    }

    /// Returns the given folder, or the root folder of the given project.
    ///
    /// The folder's existence is checked again when the upload is added.
    ///
    /// - Throws: `.projectNotFound`, `.destinationNotFound`, `.destinationForbidden`, `.parentNotFolder`.
    private func destination(
        _ named: FolderReference,
        caller: Caller
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

    /// Checks the name of a new file; `mayOverwrite` affects only the advice in the error message.
    ///
    /// - Returns: The existing file with this name, which the rule replaces or keeps; `nil` if there is none or the
    ///   rule is `rename`.
    /// - Throws: `.nameTaken` or `.folderExists` if the rule refuses the file.
    @discardableResult
    func checkName(
        _ name: String,
        in folder: String,
        _ rule: NameConflictRule,
        mayOverwrite: Bool = true
    ) async throws -> File? {
        if rule == .rename { return nil }
        guard let existing = try await metadata.file(named: name, in: folder) else { return nil }
        guard rule.refuses(existing.kind) else { return existing }
        if existing.kind == .folder {
            throw PontoonError(.folderExists, "A folder named '\(name)' already exists; choose another name.")
        }
        let advice = mayOverwrite ? "set 'overwrite' to replace it" : "choose another name"
        throw PontoonError(.nameTaken, "A file named '\(name)' already exists; \(advice).")
    }

    func begin(
        _ content: DeclaredContent,
        for destination: Upload.Destination,
        rule: NameConflictRule,
        userName: String,
        senderSession: String? = nil
    ) async throws -> Upload {
        if case .folder(_, let project, _) = destination, let size = content.size, size >= Self.preallocationToCheck {
            try await metadata.checkQuota(
                for: Usage(reservedBytes: size, openUploads: 1),
                in: project,
                by: userName,
                isSender: senderSession != nil
            )
        }
        let key = ObjectKey.random()
        // The object store is called before the record is added. After a crash in between, recovery removes the orphan.
        let handle = try await storage.store.prepare(key, size: content.size)
        let upload = Upload(
            id: Identifiers.upload(),
            userName: userName,
            destination: destination,
            name: content.name,
            size: content.size,
            partSize: sizing.partSize(requested: content.requestedPartSize, size: content.size),
            md5: content.md5,
            rule: rule,
            senderSession: senderSession,
            key: key,
            handle: handle,
            initiatedOn: now()
        )
        do {
            try await metadata.addUpload(upload, labels: content.labels, maximum: limits.openUploads)
        } catch {
            try await storage.store.discard(upload.object)
            throw error
        }
        return upload
    }

    // MARK: - Queries

    /// Returns one page of the caller's unfinished uploads of files or, with ``ofCodePackages``, of code packages,
    /// newest first.
    ///
    /// For a sender, returns only the uploads of the session; for a limited token, only the uploads to its projects.
    package func list(caller: Caller, page: Page) async throws -> Listing<UploadSummary> {
        let uploads =
            if let session = uploads.session {
                try await metadata.uploads(ofSenderSession: session, page: page)
            } else if uploads.namespace == .codePackages {
                // A token that is limited to projects cannot access automations.
                caller.isLimited
                    ? Listing(items: [], total: 0) : try await metadata.packageUploads(of: caller.name, page: page)
            } else {
                try await metadata.uploads(of: caller.name, in: caller.rights.projects, page: page)
            }
        return Listing(items: uploads.items.map(withKnownTotals), total: uploads.total)
    }

    /// Returns an unfinished upload.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func details(_ id: String, caller: Caller) async throws -> UploadSummary {
        try await noteActivity(of: try await uploads.unfinished(id, caller: caller), reserving: false)
        guard let summary = try await metadata.uploadSummary(id) else { throw PontoonError.uploadNotFound }
        return withKnownTotals(summary)
    }

    /// Returns the summary; with a presigned store, without the totals of stored parts, which only the store has.
    private func withKnownTotals(_ summary: UploadSummary) -> UploadSummary {
        switch storage {
        case .streaming: summary
        case .presigned:
            UploadSummary(
                upload: summary.upload,
                reportedParts: summary.reportedParts,
                storedParts: nil,
                storedBytes: nil,
                labels: summary.labels
            )
        }
    }

    /// Returns the reported parts of an unfinished upload, ordered by number.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`.
    package func reportedParts(of id: String, caller: Caller) async throws -> [PartRecord] {
        try await noteActivity(of: try await uploads.unfinished(id, caller: caller), reserving: false)
        return try await metadata.parts(of: id).filter(\.isReported)
    }

    /// Returns the stored parts of an unfinished upload, reported or not, ordered by number.
    ///
    /// With a presigned store, returns the store's own list, which may contain a part twice if it was sent again.
    ///
    /// - Returns: `nil` if the presigned store refuses to list the parts, or no longer has the upload.
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; a ``TemporaryError`` if a store is unavailable.
    package func storedParts(of id: String, caller: Caller) async throws -> [ListedPart]? {
        let upload = try await uploads.unfinished(id, caller: caller)
        switch storage {
        case .streaming:
            return try await metadata.parts(of: id).map {
                ListedPart(number: $0.number, size: $0.size ?? 0, etag: $0.etag)
            }
        case .presigned(let store):
            try await noteActivity(of: upload, reserving: false)
            do {
                return try await store.listParts(of: upload)
            } catch is PontoonError {
                return nil
            }
        }
    }

    // MARK: - Parts

    /// Returns the request with which the client sends one part.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.partUnavailable` while the upload is being completed, or if
    ///   the upload was created in another object store; with a presigned store, `.quotaExceeded` if the upload's
    ///   reservation has lapsed and a quota has too little space left.
    package func partInfo(
        _ number: PartNumber,
        of id: String,
        caller: Caller,
        base: BaseURL
    ) async throws -> SignedRequest {
        let upload = try await uploads.active(id, caller: caller)
        try await noteActivity(of: upload, reserving: true)
        return try await storage.partRequest(for: upload, part: number, base: base, now: now())
    }

    /// Prevents an upload to a presigned store from expiring while a client is working on it.
    ///
    /// If `reserving` is `true`, also restores a lapsed reservation. Does nothing with a streaming store, because
    /// storing a part has the same effect.
    private func noteActivity(of upload: Upload, reserving: Bool) async throws {
        guard !storage.seesParts else { return }
        try await activity.note(upload.id, now: now(), reserving: reserving)
    }

    /// Returns the requests with which the client sends consecutive parts.
    ///
    /// - Parameters:
    ///   - batch: The parts.
    ///   - id: The upload.
    ///   - caller: The initiator or an admin of the project.
    ///   - base: The URL at which the caller reaches this server.
    /// - Returns: The requests, ordered by part number; fewer than requested at the end of the file.
    /// - Throws: The errors of ``partInfo(_:of:caller:base:)``.
    package func partInfos(
        _ batch: PartBatch,
        of id: String,
        caller: Caller,
        base: BaseURL
    ) async throws -> [NumberedPartRequest] {
        let upload = try await uploads.active(id, caller: caller)
        try await noteActivity(of: upload, reserving: true)
        return try await partInfos(batch, of: upload, base: base)
    }

    /// Returns the requests for consecutive parts of an upload, without checking a permission.
    package func partInfos(_ batch: PartBatch, of upload: Upload, base: BaseURL) async throws -> [NumberedPartRequest] {
        let now = now()
        var infos: [NumberedPartRequest] = []
        for number in batch.numbers(size: upload.size, partSize: upload.partSize) {
            infos.append((number, try await storage.partRequest(for: upload, part: number, base: base, now: now)))
        }
        return infos
    }

    /// Records the parts that the client reports as stored, all or none.
    ///
    /// Stored bytes are kept even if the reports are refused.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; the errors of ``PartReports/record(_:of:)``.
    package func report(_ parts: [PartReport], of id: String, caller: Caller) async throws {
        _ = try await uploads.active(id, caller: caller)
        try await reports.record(parts, of: id)
    }

    // MARK: - Complete and abort

    /// Completes an upload of a file; throws the errors of ``CompleteUpload``.
    package func complete(_ id: String, reports: [PartReport], caller: Caller) async throws -> File {
        let completed = try await completion(id, reports: reports, caller: caller, access: uploads)
        guard case .file(let file, _) = completed else { throw PontoonError.uploadNotFound }
        return file
    }

    /// Completes an upload of a code package's file; throws the errors of ``CompleteUpload``.
    package func completePackage(_ id: String, reports: [PartReport], caller: Caller) async throws -> PackageFile {
        let completed = try await completion(id, reports: reports, caller: caller, access: uploads)
        guard case .package(let file) = completed else { throw PontoonError.uploadNotFound }
        return file
    }

    /// Aborts an upload and removes its parts, so that the URLs for sending parts stop working.
    ///
    /// - Throws: `.uploadNotFound`, `.uploadForbidden`; `.abortRefused` while the upload is being completed.
    package func abort(_ id: String, caller: Caller) async throws {
        let upload = try await uploads.unfinished(id, caller: caller)
        guard upload.state == .active, try await metadata.abortUpload(id) else {
            _ = try await uploads.unfinished(id, caller: caller)
            throw PontoonError(.abortRefused, "The upload is being completed and cannot be aborted.")
        }
        if case .streaming(_, let hasher, _) = storage { await hasher.forget(id) }
        await garbage.collect()
    }
}

/// A part's number, and the request with which a client sends the part.
package typealias NumberedPartRequest = (number: PartNumber, request: SignedRequest)
