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
    let folders: DestinationFolders
    let openUploads: OpenUploads
    let storage = StorageObservations()

    let maximumOpenFiles = 128
    let opensFilesUnderPermit = true

    var client: SevenBridgesClient { context.client }
    var threads: NIOThreadPool { context.threads }

    func transfer(_ file: TransferFile<UploadItem>) async throws -> TransferEnding {
        guard let destination = folders.destination(of: file.item) else {
            // Cannot happen, because all folders are created before the first upload.
            throw ClientError(.notFound, "The folder of '\(file.item.remotePath)' does not exist.")
        }
        return try await FileUpload(job: self, file: file, destination: destination).run()
    }

    /// Returns the ending of a file that an earlier run finished, or that is skipped because its name is taken.
    ///
    /// - Returns: `nil` if the file must be uploaded.
    func knownEnding(of file: TransferFile<UploadItem>) -> TransferEnding? {
        // An upload that the user chose by its id must always be resumed.
        guard options.uploadID == nil, let existing = folders.existing(file.item), !existing.isFolder else {
            return nil
        }
        var ending = TransferEnding(outcome: .alreadyThere, fileID: existing.id)
        if let record = finishedRecords[file.index], record.matches(existing) {
            ending.crc64nvme = record.crc64
            ending.verification = TransferVerification(rawValue: record.verification)
        } else if options.transfer.conflictPolicy == .skip {
            ending.outcome = .skipped
        } else {
            return nil
        }
        file.progress.opened(size: existing.size ?? 0)
        return ending
    }

    func isFatal(_ error: APIError) -> Bool { error.concernsDestination }

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
