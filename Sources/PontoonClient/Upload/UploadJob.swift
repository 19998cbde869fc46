import Foundation
import NIOPosix
import PontoonCore

/// The uploads of one run.
struct UploadJob: TransferJob {
    let context: TransferContext<UploadItem>
    let options: UploadOptions
    let items: [UploadItem]
    let server: ServerIndex
    let limits: PartPlan.Limits
    let state: StateDirectory?
    let finished: FinishedLog?
    /// Records of the files that an earlier run finished, by index of the item; `nil` for all other files.
    let finishedRecords: [FinishedRecord?]
    /// Errors with which files fail without being opened, by index of the item; `nil` for all other files.
    let problems: [ClientError?]
    let folders: DestinationFolders
    let openUploads: OpenUploads
    let storage = StorageObservations()

    let maximumOpenFiles = 128
    let opensFilesUnderPermit = true

    var client: SevenBridgesClient { context.client }
    var threads: NIOThreadPool { context.threads }

    func transfer(_ file: TransferFile<UploadItem>) async throws -> TransferEnding {
        guard let destination = try folders.destination(of: file.item) else {
            // Cannot happen, because all folders are created before the first upload.
            throw ClientError(.notFound, "The folder of '\(file.item.remotePath)' does not exist.")
        }
        let upload = FileUpload(job: self, file: file, destination: destination)
        if let stream = options.stream { return try await upload.run(stream) }
        return try await upload.run()
    }

    /// Returns the result for a file that need not be opened: it cannot be uploaded, an earlier run finished it, or it
    /// is skipped because its name is taken.
    ///
    /// - Returns: `nil` if the file must be opened.
    func knownEnding(of file: TransferFile<UploadItem>) -> TransferEnding? {
        if let problem = problems[file.index] { return TransferEnding(outcome: .failed(problem)) }
        let existing: FileDetails?
        do {
            let destination = try folders.destination(of: file.item)
            if file.item.isFolder, case .folder(let id)? = destination {
                return TransferEnding(outcome: .alreadyThere, fileID: id)
            }
            existing = try folders.existing(file.item)
        } catch {
            return TransferEnding(outcome: .failed(error))
        }
        let record = finishedRecords[file.index]
        guard let existing, let outcome = options.knownOutcome(file.item, existing: existing, record: record) else {
            return nil
        }
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

    /// Returns the journal key of an item.
    func key(_ item: UploadItem) -> JournalKey {
        JournalKey(
            endpoint: client.endpoint.url,
            destination: options.destination,
            source: item.source.absolute,
            remotePath: item.remotePath
        )
    }
}

extension UploadOptions {
    /// Decides the outcome of a file whose name is taken without reading the local file.
    ///
    /// - Parameters:
    ///   - item: The file to upload.
    ///   - existing: The file or folder at the destination.
    ///   - record: The record of the unchanged local file if an earlier run finished it.
    /// - Returns: `nil` if the local file must be read, or the upload attempted.
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
