import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

extension FileUpload {
    /// An upload that accepts parts, or an existing file that is identical to the local file.
    enum Opening: Sendable {
        case upload(OpenUpload)
        /// No upload is needed, because the destination already has a file with the same bytes.
        case alreadyThere(CompletedUpload)
    }

    /// Opens and locks the file's journal.
    ///
    /// Blocks the calling thread. If uploads are resumed, takes over the journal of another path from which the file
    /// was moved or copied since an earlier run.
    ///
    /// A new journal immediately records that an upload is about to start. If the process is killed before it receives
    /// the upload's id, the next run looks for the upload on the server.
    ///
    /// - Returns: `nil` if there is no state directory.
    /// - Throws: `.busy` if another process is uploading the file to the same destination; `.stateUnusable`;
    ///   `.fileUnreadable` or `.fileChanged` if the file cannot be read.
    func openJournal(of source: SourceFile) throws -> OpenJournal? {
        guard let state = job.state else { return nil }
        let key = job.key(item)
        let identity = FileIdentity(facts: source.facts, sample: try source.sample())
        if job.options.transfer.resumes, job.options.uploadID == nil, !job.journals.contains(key.fileName) {
            try job.earlierJournals.move(to: key, of: identity, in: state)
        }
        let journal = OpenJournal(journal: try state.journal(key), key: key, identity: identity)
        do {
            if journal.journal.head == nil { try journal.journal.begin(head(journal), isDurable: false) }
            return journal
        } catch {
            try journal.journal.close()
            throw error
        }
    }

    /// Resumes the upload that the user chose or that an earlier run left unfinished; otherwise calls
    /// ``start(_:_:isFresh:)``.
    ///
    /// If ``UploadOptions/comparesExisting`` is set and the destination has an identical file, returns that file
    /// instead. Aborts an earlier run's unfinished upload if there is an identical file, or if uploads are resumed and
    /// the local file has changed.
    ///
    /// - Throws: ``APIError``; ``ClientError``, for example if the file cannot be read.
    func open(_ source: SourceFile, _ journal: OpenJournal?) async throws -> Opening {
        if let id = job.options.uploadID { return try await adopt(id, source, journal) }
        let head = journal?.journal.head.flatMap { $0.upload.isEmpty ? nil : $0 }
        if job.options.comparesExisting, let existing,
            let completed = try await completed(by: existing, source)
        {
            if let head { try await abortIfPresent(head.upload) }
            return .alreadyThere(completed)
        }
        if job.options.transfer.conflictPolicy == .fail, existing != nil {
            // An unfinished upload may have been started with `--overwrite` and would replace the file. Start a new
            // upload, which the server refuses.
            return try await start(source, journal, isFresh: true)
        }
        if let journal, let head, job.options.transfer.resumes {
            if head.identity.isSame(as: journal.identity) {
                if let opening = try await resume(head, source, journal) { return opening }
            } else {
                // The parts already sent belong to an earlier version of the file.
                try await abortIfPresent(head.upload)
                try await threads.runIfActive { try journal.journal.begin(self.head(journal), isDurable: false) }
            }
        }
        return try await start(source, journal)
    }

    /// Starts an upload, or resumes one that another machine started or whose journal is missing.
    ///
    /// - Parameters:
    ///   - source: The file.
    ///   - journal: The file's journal; `nil` if there is no state directory.
    ///   - isFresh: Whether to start a new upload even if another one could be resumed.
    /// - Returns: The upload or, if the server refused it because an identical file exists, that file.
    /// - Throws: ``APIError``; ``ClientError``, for example if the file cannot be read.
    func start(_ source: SourceFile, _ journal: OpenJournal?, isFresh: Bool = false) async throws -> Opening {
        let size = source.facts.size
        var plan = try PartPlan(
            size: size,
            requestedPartSize: job.options.partSize,
            totalBytes: job.context.board.bytes,
            limits: job.limits
        )
        var start = UploadStart(destination: destination, name: item.name, size: size)
        start.partSize = plan.partSize
        start.overwrite = mustReplace
        start.md5 = try await md5(of: source)
        if job.server.acceptsLabels { (start.tags, start.metadata) = (item.tags, metadata(of: source)) }
        if job.server.providesPartInfos { start.partInfos = min(plan.parts, 100) }
        if job.options.transfer.resumes, !isFresh, let found = try await findOpen(start, source, journal) {
            if let journal { try await begin(journal, found) }
            return .upload(found)
        }
        let details: UploadDetails
        switch try await claimName(start, source, { try await client.startUpload($0) }) {
        case .claimed(let upload): details = upload
        case .identical(let file): return .alreadyThere(file)
        }
        if let partSize = details.partSize, partSize != plan.partSize {
            plan = PartPlan(size: size, partSize: partSize, reason: "chosen by the server")
        }
        try Self.check(plan, of: source)
        let upload = OpenUpload(id: details.id, name: details.name, plan: plan, partInfos: details.partInfos ?? [])
        if let journal {
            do {
                try await begin(journal, upload)
            } catch {
                // Without a journal, no later run would find the upload, and it would occupy storage until it expires.
                await abortBestEffort(upload.id)
                throw error
            }
        }
        return .upload(upload)
    }

    /// Whether the first attempt asks the server to replace an existing file.
    ///
    /// A token with the scope `upload` cannot replace files, so replacement is requested only if the name may be taken.
    var mustReplace: Bool {
        let isTaken = !job.options.comparesExisting || existing != nil
        return isTaken && job.options.transfer.conflictPolicy == .overwrite
    }

    /// Returns the MD5 of a file; `nil` if the user did not request it.
    ///
    /// The first call reads the file.
    func md5(of source: SourceFile) async throws -> String? {
        guard job.options.computesMD5 else { return nil }
        return try await threads.runIfActive { try source.wholeMD5() }
    }

    /// The result of ``claimName(_:_:_:)``.
    enum Claim<Value: Sendable>: Sendable {
        /// The call succeeded with this value.
        case claimed(Value)
        /// A file with the same bytes already has the name.
        case identical(CompletedUpload)
    }

    /// Maximum number of alternative names to try if a name is taken.
    static var maximumNames: Int { 100 }

    /// Returns an alternative to a name that is taken; numbers start at 1.
    ///
    /// Imports on the platform choose the same names.
    static func otherName(_ name: String, _ number: Int) -> String { "_\(number)_\(name)" }

    /// Performs a call that starts an upload or stores a file, and retries it if the name is taken by a different file.
    ///
    /// With ``TransferOptions/ConflictPolicy/rename``, tries up to ``maximumNames`` alternative names. With
    /// ``TransferOptions/ConflictPolicy/overwrite``, replaces the existing file.
    ///
    /// - Parameters:
    ///   - start: The request for the first attempt.
    ///   - source: The local file, which is compared with each file whose name is taken.
    ///   - call: Performs one attempt with the given request.
    /// - Returns: The value of the successful call, or an identical file that has one of the names.
    /// - Throws: ``APIError``, with code 8005 if all names are taken by different files; ``ClientError``.
    func claimName<Value>(
        _ start: UploadStart,
        _ source: SourceFile,
        _ call: (UploadStart) async throws -> Value
    ) async throws -> Claim<Value> {
        // The existing file has already been compared, so its name need not be tried.
        var attempt = startAttempt(start, skipsOwnName: existing != nil)
        while true {
            do {
                return .claimed(try await call(attempt.start))
            } catch let error as APIError where error.code == 8005 {
                if case .alreadyThere(let completed)? = try await identicalFile(source, named: attempt.start.name) {
                    return .identical(completed)
                }
                try attempt.next(after: error)
            }
        }
    }

    /// Returns the first attempt to start an upload.
    func startAttempt(_ start: UploadStart, skipsOwnName: Bool = false) -> StartAttempt {
        StartAttempt(start, policy: job.options.transfer.conflictPolicy, skipsOwnName: skipsOwnName)
    }

    private static func check(_ plan: PartPlan, of source: SourceFile) throws {
        guard plan.partSize > 0, plan.parts <= PartNumber.limits.upperBound else {
            throw ClientError(
                .responseUnreadable,
                "The server chose an invalid part size for '\(source.path)': \(plan.partSize) bytes.",
                advice: "Contact the server's operator."
            )
        }
    }

    /// Replaces the content of the journal with this upload, without parts.
    func begin(_ journal: OpenJournal, _ upload: OpenUpload) async throws {
        try await threads.runIfActive {
            try journal.journal.begin(head(journal, of: upload), isDurable: upload.plan.parts > 1)
        }
    }

    /// Returns the first line of a journal, without an upload id if the upload has not been started.
    private func head(_ journal: OpenJournal, of upload: OpenUpload? = nil) -> JournalHead {
        JournalHead(
            endpoint: journal.key.endpoint,
            destinationKind: journal.key.destination.field.name,
            destination: journal.key.destination.field.value,
            source: journal.key.source,
            remotePath: journal.key.remotePath,
            tags: item.tags,
            metadata: item.metadata,
            identity: journal.identity,
            upload: upload?.id ?? "",
            partSize: upload?.plan.partSize ?? 0,
            began: .now,
            onConflict: job.options.transfer.conflictPolicy.rawValue
        )
    }

    /// Resumes the upload of an earlier run.
    ///
    /// - Returns: `nil` if the upload no longer exists and the destination has no file with the same bytes.
    private func resume(_ head: JournalHead, _ source: SourceFile, _ journal: OpenJournal) async throws -> Opening? {
        let details: UploadDetails
        do {
            details = try await client.upload(
                head.upload,
                listingParts: true,
                listingStored: job.server.listsStoredParts
            )
        } catch let error as APIError where error.status == 404 {
            // The upload was completed but the response was lost, or the upload was aborted or has expired.
            return try await identicalFile(source)
        }
        let plan = PartPlan(
            size: source.facts.size,
            partSize: details.partSize ?? head.partSize,
            reason: "set when the upload was started"
        )
        try Self.check(plan, of: source)
        return .upload(OpenUpload(details, plan: plan, journaled: journal.journal.parts))
    }

    /// Returns the part plan of an upload that another client may have started.
    ///
    /// - Throws: ``ClientError`` if the upload is for a file of a different length, or if the server does not return a
    ///   valid part size.
    static func plan(resuming details: UploadDetails, _ source: SourceFile) throws -> PartPlan {
        let size = source.facts.size
        guard details.size ?? size == size else {
            throw ClientError(
                .requestInvalid,
                """
                Upload \(details.id.shortened) is for a file of \(details.size ?? 0) bytes, but '\(source.path)' has \
                \(size) bytes.
                """,
                advice: "Use the file that the upload was started for."
            )
        }
        guard let partSize = details.partSize else {
            throw ClientError(
                .responseUnreadable,
                "The server does not provide the part size of upload \(details.id.shortened), so it cannot be resumed.",
                advice: "Upload the file with --no-resume, and without --upload-id."
            )
        }
        let plan = PartPlan(size: size, partSize: partSize, reason: "set when the upload was started")
        try check(plan, of: source)
        return plan
    }

    /// Returns the file with the given name, by default the item's name, if its content is identical to the local file.
    ///
    /// - Returns: `nil` if the file does not exist, differs or is damaged, or if there is neither a checksum nor a
    ///   record of its upload to compare.
    func identicalFile(_ source: SourceFile, named name: String? = nil) async throws -> Opening? {
        guard let found = try await client.file(named: name ?? item.name, in: destination) else { return nil }
        return try await completed(by: found, source).map { .alreadyThere($0) }
    }

    /// Returns the file on the server as the result of this upload if its content is identical to the local file;
    /// otherwise `nil`.
    ///
    /// Reads the local file unless the record of an earlier upload shows that neither file has changed.
    func completed(by found: FileDetails, _ source: SourceFile) async throws -> CompletedUpload? {
        // The record applies only if the local file has not changed since the record was read.
        if let record, record.matches(found),
            record.identity.facts.isSame(as: source.facts),
            let crc64 = CRC64NVME(hex: record.crc64),
            let verification = TransferVerification(rawValue: record.verification)
        {
            return CompletedUpload(details: found, crc64: crc64, verification: verification)
        }
        let crc64 = try await threads.runIfActive { try source.checksum(ifIdenticalTo: found) }
        return crc64.map { CompletedUpload(details: found, crc64: $0, verification: .file) }
    }

    /// Aborts an upload.
    ///
    /// A failure only emits a warning, because an upload that is not aborted expires.
    func abortBestEffort(_ upload: String) async {
        do {
            try await client.abortUpload(upload)
        } catch {
            await file.context.emit(.warning(index: file.index, message: "\(error)"))
        }
    }

    func abortIfPresent(_ upload: String) async throws {
        do {
            try await client.abortUpload(upload)
        } catch let error as APIError where error.status < 500 {
            // The upload no longer exists, or the user may no longer abort it.
        }
    }
}

/// A request to start an upload or store a file, which is changed for the next attempt if the name is taken.
struct StartAttempt {
    private(set) var start: UploadStart
    private let policy: TransferOptions.ConflictPolicy
    private let name: String
    private var number = 0

    /// - Parameters:
    ///   - start: The request.
    ///   - policy: The rule for a name that is taken.
    ///   - skipsOwnName: Whether to omit the first attempt, with the file's own name, if the policy is `rename`.
    fileprivate init(_ start: UploadStart, policy: TransferOptions.ConflictPolicy, skipsOwnName: Bool) {
        (self.start, self.policy, name) = (start, policy, start.name)
        if policy == .rename, skipsOwnName { useNextName() }
    }

    /// Changes the request after the server refused it because the name is taken.
    ///
    /// - Throws: `error` if no other request is left to try.
    mutating func next(after error: APIError) throws(APIError) {
        if policy == .overwrite, !start.overwrite {
            // The file appeared after its name was looked up, or the name could not be looked up.
            start.overwrite = true
        } else if policy == .rename, number < FileUpload.maximumNames {
            useNextName()
        } else {
            throw error
        }
    }

    private mutating func useNextName() {
        number += 1
        start.name = FileUpload.otherName(name, number)
    }
}

extension SourceFile {
    /// Returns the file's CRC-64/NVME if its content is identical to a file on the server.
    ///
    /// Blocks the calling thread. Reads the file only if the lengths are equal.
    ///
    /// - Returns: `nil` if `existing` is a folder, differs or is damaged, or if the server provides no checksum for it.
    /// - Throws: `.fileChanged`, `.fileUnreadable`.
    func checksum(ifIdenticalTo existing: FileDetails) throws -> CRC64NVME? {
        guard !existing.isFolder, existing.size == facts.size, let checksum = existing.checksums?.crc64nvme,
            existing.checksums?.damage == nil
        else { return nil }
        let crc64 = try digest(0..<facts.size, md5: false).crc64
        return crc64.hex == checksum.lowercased() ? crc64 : nil
    }
}
