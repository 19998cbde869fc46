import PontoonFoundation
import NIOPosix
import PontoonCore
import SystemPackage

/// The upload of one file, from opening the local file to verifying and recording the result.
struct FileUpload: Sendable {
    let job: UploadJob
    let file: TransferFile<UploadItem>
    /// The project or folder that receives the file; it already exists.
    let destination: UploadDestination
    /// The file or folder at the destination with the item's name, before the upload; `nil` if there was none, or if
    /// the name was not looked up.
    let existing: FileDetails?
    /// The record of an earlier upload of the local file; `nil` if there is none, if the file has changed since, or if
    /// the record was not looked up.
    let record: FinishedRecord?

    var item: UploadItem { file.item }
    var client: SevenBridgesClient { job.client }
    var threads: NIOThreadPool { job.threads }

    /// Maximum number of times that an upload starts over because its name was taken in the meantime.
    private static let maximumRestarts = 3

    /// Uploads the file unless the destination has an identical file.
    ///
    /// If an error occurs, retains the journal for a later run if there is anything to resume.
    ///
    /// - Throws: ``APIError``, ``ClientError``; `CancellationError`.
    func run() async throws -> TransferEnding {
        // All file calls share one switch to the thread pool, because the cost of a switch is noticeable for small
        // files.
        let (source, content, journal) = try await threads.runIfActive {
            let source = try SourceFile(item.source, isUploaded: true, mayChange: job.options.allowsChangingFiles)
            do {
                let content = job.isSentWhole(item, source.facts) ? try wholeFile(source) : nil
                return (source, content, content == nil ? try openJournal(of: source) : nil)
            } catch {
                try source.close()
                throw error
            }
        }
        return try await withClosing(source, close: { try $0.close() }) { source in
            file.progress.opened(size: source.facts.size)
            var journal = journal
            if let content {
                if let ending = try await send(content, source) { return ending }
                journal = try await threads.runIfActive { try openJournal(of: source) }
            }
            do {
                return try await upload(source, journal)
            } catch {
                try await abandon(journal, upload: file.progress.uploadID, after: error)
                throw error
            }
        }
    }

    private func upload(_ source: SourceFile, _ journal: OpenJournal?) async throws -> TransferEnding {
        var opening = try await open(source, journal)
        var restarts = 0
        while true {
            switch opening {
            case .alreadyThere(let completed):
                return try await finish(completed, source, journal, outcome: .alreadyThere)
            case .upload(let upload):
                do {
                    return try await finish(
                        try await send(upload, source, journal),
                        source,
                        journal,
                        outcome: .transferred
                    )
                } catch let error as APIError
                    where error.code == 8005 && restarts < Self.maximumRestarts
                    && [.overwrite, .rename].contains(job.options.transfer.conflictPolicy)
                {
                    restarts += 1
                    // When an upload starts, the server decides which name the file may get and whether it may replace
                    // a file.
                    let isOlder = upload.isResumed && job.options.transfer.conflictPolicy == .overwrite
                    await warn(
                        isOlder
                            ? "its upload was started without --overwrite, so it starts over"
                            : "its name was taken during its upload, so it starts over"
                    )
                    try await abortIfPresent(upload.id)
                    opening = try await start(source, journal, isFresh: true)
                } catch let error as APIError where error.status == 404 || error.code == 8005 {
                    // Another client may have completed this upload, or another upload of the same file.
                    guard let existing = try await identicalFile(source, named: upload.name) else { throw error }
                    try await abortIfPresent(upload.id)
                    opening = existing
                }
            }
        }
    }

    private func send(
        _ upload: OpenUpload,
        _ source: SourceFile,
        _ journal: OpenJournal?
    ) async throws -> CompletedUpload {
        await announce(upload)
        if upload.plan.parts > 1 { file.permit.release() }
        let parts = PartUploader(job: job, file: file, upload: upload, journal: journal)
        let stored = try await parts.uploadAll(of: source)
        file.progress.verifying()
        await file.context.emit(.verifying(index: file.index))
        return try await complete(parts, source, stored)
    }

    /// Emits a warning that consists of the file's path and `problem`, a clause without a period.
    private func warn(_ problem: String) async {
        await file.context.emit(.warning(index: file.index, message: "'\(item.source)': \(problem)."))
    }

    private func announce(_ upload: OpenUpload) async {
        if let requested = job.options.partSize, requested != upload.plan.partSize,
            min(requested, upload.plan.partSize) < upload.plan.size
        {
            await warn(
                "the part size is \(upload.plan.partSize) bytes (\(upload.plan.reason)), not \(requested) as requested"
            )
        }
        file.progress.started(parts: upload.plan.parts, uploadID: upload.id)
        await file.context.emit(
            .started(
                UploadEvent.Start(
                    index: file.index,
                    item: item,
                    size: upload.plan.size,
                    parts: upload.plan.parts,
                    partSize: upload.plan.partSize,
                    resumedParts: upload.acknowledged.count,
                    resumedBytes: upload.acknowledged.keys.reduce(0) { $0 + Int64(upload.plan.range($1).count) },
                    uploadID: upload.id
                )
            )
        )
    }

    /// Compares the MD5 if it is computed, sets the file's tags and metadata if they differ, records the file as
    /// finished and deletes the journal.
    ///
    /// - Parameters:
    ///   - completed: The file on the server.
    ///   - source: The local file; `nil` for a stream.
    ///   - journal: The file's journal; `nil` if it has none.
    ///   - identity: The file's identity for the record if there is no journal. If both are `nil`, the file is not
    ///     recorded as finished.
    ///   - outcome: The outcome to return.
    /// - Returns: The ending with `outcome`.
    /// - Throws: `.checksumMismatch`, `.fileChanged`, `.stateUnusable`; ``APIError``.
    func finish(
        _ completed: CompletedUpload,
        _ source: SourceFile?,
        _ journal: OpenJournal?,
        identity: FileIdentity? = nil,
        outcome: TransferOutcome
    ) async throws -> TransferEnding {
        let (id, crc64) = (completed.details.id, completed.crc64.hex)
        var md5: String?
        if let source {
            md5 = try await self.md5(of: source)
            // The MD5 and the CRC-64/NVME must be of the same content. For a transferred file, this was checked before.
            if md5 != nil, case .alreadyThere = outcome {
                try await threads.runIfActive { try source.checkUnchanged() }
            }
        }
        if let md5, let actual = completed.details.checksums?.md5?.lowercased(), actual != md5 {
            throw mismatch("its MD5 is \(actual) on the server and \(md5) here", completed.details)
        }
        if !item.hasLabels(completed.details) {
            let metadata = metadata(of: source)
            try await client.changeFile(
                id,
                tags: item.tags.isEmpty ? nil : item.tags,
                metadata: metadata.isEmpty ? nil : metadata
            )
        } else if case .alreadyThere = outcome, let source {
            await updateTime(completed.details, source)
        }
        let ending = TransferEnding(
            outcome: outcome,
            fileID: id,
            crc64nvme: crc64,
            md5: md5,
            verification: completed.verification,
            name: completed.details.name
        )
        if let identity = journal?.identity ?? identity {
            let record = job.finishedRecord(of: item, identity, ending)
            try await threads.runIfActive {
                try job.finished?.add([record])
                try journal?.journal.remove()
            }
        }
        return ending
    }

    /// Returns the item's metadata and the modification time of its file; see ``UploadOptions/metadata(of:_:)``.
    func metadata(of source: SourceFile?) -> [String: String] { job.options.metadata(of: item, source) }

    /// Updates the modification time in an identical file's metadata at the destination, if the metadata contains one.
    ///
    /// Ignores failures.
    private func updateTime(_ existing: FileDetails, _ source: SourceFile) async {
        guard let known = existing.metadata[FileTime.key], let time = metadata(of: source)[FileTime.key], known != time
        else { return }
        // Best effort: the content is the same, and the user may lack the permission to change the file.
        do { try await client.changeFile(existing.id, metadata: [FileTime.key: time]) } catch {}
    }

    /// Closes the journal for a later run, or deletes it if there is nothing to resume.
    ///
    /// If the file changed, aborts the upload and deletes the journal.
    private func abandon(_ journal: OpenJournal?, upload: String?, after error: any Error) async throws {
        let isUseless = (error as? ClientError)?.code == .fileChanged
        if isUseless, let upload { await abortBestEffort(upload) }
        guard let journal else { return }
        // An upload may exist even if the response to initialize was lost. The next run looks for it.
        let mayExist =
            [.connectionLost, .timedOut].contains((error as? ClientError)?.code) || error is CancellationError
        let isEmpty = upload == nil && journal.journal.head?.upload.nonEmpty == nil && !mayExist
        if isUseless || isEmpty {
            try journal.journal.remove()
        } else {
            try journal.journal.close()
        }
    }
}

/// A locked journal, its key, and the identity of the file when the journal was opened.
struct OpenJournal: Sendable {
    let journal: Journal<JournalHead>
    let key: JournalKey
    let identity: FileIdentity
}

/// An active upload on the server, and its acknowledged parts.
struct OpenUpload: Sendable {
    let id: String
    /// Name of the resulting file, which is not the item's name if the file is renamed; `nil` for a stream, or if the
    /// server did not return the name.
    var name: String?
    let plan: PartPlan
    /// Parts that the storage acknowledged earlier, by number; not yet verified against the file.
    var acknowledged: [Int: JournalPart] = [:]
    /// Numbers of the parts that have been reported to the server.
    var reported: Set<Int> = []
    /// Whether another run or client started the upload.
    var isResumed = false
    /// Part infos included in the response to initialize.
    var partInfos: [PartInfo] = []
}

/// A complete file on the server, and the method by which it was verified.
struct CompletedUpload: Sendable {
    let details: FileDetails
    let crc64: CRC64NVME
    let verification: TransferVerification
}
