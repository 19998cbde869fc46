import PontoonFoundation
import NIOPosix
import PontoonCore
import Synchronization

/// The uploads of one run.
struct UploadJob: TransferJob {
    let context: TransferContext<UploadItem>
    let options: UploadOptions
    let items: [UploadItem]
    let server: ServerIndex
    let limits: PartPlan.Limits
    let state: StateDirectory?
    let finished: FinishedLog?
    /// Errors of items that fail without being opened, by index of the item.
    let problems: [Int: ClientError]
    let folders: DestinationFolders
    /// Missing folders, created when a file in them is sent outside an archive.
    let laterFolders = LaterFolders()
    /// The files and folders at the destination that have the names of the most recently prepared items.
    let existing = ExistingFiles()
    let openUploads: OpenUploads
    /// File names of the journals that existed at the start of the run.
    let journals: Set<String>
    let earlierJournals: EarlierJournals
    let wholeFiles: WholeFileLimit
    let archives: ArchiveRules
    let storage = StorageObservations()

    let maximumOpenFiles = 128
    let opensFilesUnderPermit = true

    var client: SevenBridgesClient { context.client }
    var threads: NIOThreadPool { context.threads }

    func prepare(_ indices: ArraySlice<Int>) async throws {
        guard options.comparesExisting || options.uploadID == nil && options.transfer.conflictPolicy == .skip else {
            return
        }
        existing.replace(
            with: try await folders.existing(
                indices.filter { problems[$0] == nil && !items[$0].isFolder },
                of: items,
                optionally: options.transfer.conflictPolicy != .skip,
                client
            )
        )
    }

    /// Returns how to upload a file.
    ///
    /// Returns its outcome instead if it cannot be uploaded, an earlier run finished it, it is skipped because its name
    /// is taken, or it is an empty folder, which already exists.
    func start(_ file: TransferFile<UploadItem>) async -> TransferStart {
        await start(file, isAlone: false)
    }

    func startAlone(_ file: TransferFile<UploadItem>) async -> TransferStart { await start(file, isAlone: true) }

    private func start(_ file: TransferFile<UploadItem>, isAlone: Bool) async -> TransferStart {
        if let problem = problems[file.index] { return .ended(TransferEnding(outcome: .failed(problem))) }
        do {
            let size = context.board.size(file.index)
            let mayJoin = !isAlone && archives.contains(file.item, size: size)
            // The archive creates missing folders.
            let known = try folders.destination(of: file.item)
            if known == nil, mayJoin { return .together(size: size) }
            let destination =
                if let known { known } else { try await laterFolders.destination(of: file.item, folders, client) }
            if file.item.isFolder, case .folder(let id) = destination {
                return .ended(TransferEnding(outcome: .alreadyThere, fileID: id))
            }
            let found = try existing[file.index]
            let record = found == nil ? nil : try await record(of: file.item)
            if let found, let ending = knownEnding(of: file, found, record) { return .ended(ending) }
            if found == nil, mayJoin { return .together(size: size) }
            let upload = FileUpload(job: self, file: file, destination: destination, existing: found, record: record)
            if let stream = options.stream { return .transfer { try await upload.run(stream) } }
            return .transfer { try await upload.run() }
        } catch {
            return .ended(TransferEnding(failed: error))
        }
    }

    /// Returns the record of a file that an earlier run finished; `nil` if there is none, if the file has changed
    /// since, or if uploads are not resumed.
    private func record(of item: UploadItem) async throws -> FinishedRecord? {
        guard options.transfer.resumes, let finished, !finished.isEmpty else { return nil }
        return try await threads.runIfActive { try finished.record(of: item) }
    }

    private func knownEnding(
        of file: TransferFile<UploadItem>,
        _ existing: FileDetails,
        _ record: FinishedRecord?
    ) -> TransferEnding? {
        guard let outcome = options.knownOutcome(file.item, existing: existing, record: record) else { return nil }
        file.progress.opened(size: existing.size ?? 0)
        var ending = TransferEnding(outcome: outcome, fileID: existing.id)
        if case .alreadyThere = outcome, let record {
            ending.crc64nvme = record.crc64
            ending.md5 = record.md5
            ending.verification = TransferVerification(rawValue: record.verification)
        }
        return ending
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsDestination }
    func isLast(_ item: UploadItem) -> Bool { item.isLast }

    var maximumBatch: (files: Int, bytes: Int64) { archives.limit }
    var minimumBatch: Int { ArchiveRules.minimumFiles }

    func transferTogether(
        _ files: [TransferFile<UploadItem>],
        _ end: @escaping @Sendable (TransferFile<UploadItem>, TransferEnding) async -> Void
    ) async -> [TransferFile<UploadItem>] {
        if archives.isRefused { return files }
        return await ArchiveUpload(files, job: self, end: end).run()
    }

    /// Returns the record of a file whose upload has finished.
    func finishedRecord(of item: UploadItem, _ identity: FileIdentity, _ ending: TransferEnding) -> FinishedRecord {
        FinishedRecord(
            source: item.source.absolute,
            remotePath: item.remotePath,
            identity: identity,
            file: ending.fileID ?? "",
            crc64: ending.crc64nvme ?? "",
            md5: ending.md5,
            verification: ending.verification?.rawValue ?? "",
            labels: item.labelDigest,
            ended: .now
        )
    }

    /// Returns the journal key of an item.
    func key(_ item: UploadItem) -> JournalKey { JournalKey(client, options.destination, item) }
}

extension UploadOptions {
    /// Returns an item's metadata and, with ``TransferOptions/keepsTimes``, the modification time of its file.
    ///
    /// The time is omitted if it is unknown, or if the item's metadata already has that key or the maximum number of
    /// keys.
    func metadata(of item: UploadItem, _ source: SourceFile?) -> [String: String] {
        guard transfer.keepsTimes, let time = source?.time, item.metadata.count < MetadataRules.maximumPairs else {
            return item.metadata
        }
        return item.metadata.merging([FileTime.key: time]) { own, _ in own }
    }

    /// Decides, without reading the local file, the outcome of an upload whose name is taken.
    ///
    /// - Parameters:
    ///   - item: The file to upload.
    ///   - existing: The file or folder at the destination.
    ///   - record: The record of an earlier upload of the local file; `nil` if there is none, if the file has changed
    ///     since, or if uploads are not resumed.
    /// - Returns: `nil` if the local file must be read or the upload attempted.
    func knownOutcome(_ item: UploadItem, existing: FileDetails, record: FinishedRecord?) -> TransferOutcome? {
        // An upload that the user chose by its id must always be resumed.
        guard uploadID == nil, !existing.isFolder else { return nil }
        if let record, record.matches(existing), [nil, record.labels].contains(item.labelDigest),
            !computesMD5 || record.md5 != nil
        {
            return .alreadyThere
        }
        return transfer.conflictPolicy == .skip ? .skipped : nil
    }
}

/// The files and folders at the destination that have the names of the most recently prepared items.
final class ExistingFiles: Sendable {
    /// The results by index of the item: a file or folder, or the error that occurred when its name was looked up.
    typealias Results = [Int: Result<FileDetails, any Error>]

    private let results = Mutex<Results>([:])

    func replace(with new: Results) { results.withLock { $0 = new } }

    /// Returns the file or folder with an item's name; `nil` if there is none, or if the name was not looked up.
    ///
    /// - Throws: The error that occurred when the name was looked up.
    subscript(index: Int) -> FileDetails? {
        get throws { try results.withLock { $0[index] }?.get() }
    }
}
