public import PontoonFoundation
public import SystemPackage

/// The unfinished uploads whose journals are in a state directory.
public struct UploadsInProgress: Sendable {
    /// An unfinished upload.
    public struct Entry: Sendable {
        /// The local file, its remote path, and the tags and metadata with which the upload was started.
        public let item: UploadItem
        /// The project or folder that receives the file.
        public let destination: UploadDestination
        /// URL of the API to which the file is uploaded.
        public let endpoint: String
        /// Id of the upload.
        public let uploadID: String
        /// The policy with which the upload was started; `.fail` if the journal does not record it.
        public let conflictPolicy: TransferOptions.ConflictPolicy
        /// Time at which the upload was started.
        public let began: Date
        let journal: FilePath
    }

    /// The uploads, oldest first; an upload whose id is not known is omitted.
    public let entries: [Entry]

    /// Reads the journals in a state directory, creating the directory if it does not exist.
    ///
    /// Blocks the calling thread.
    ///
    /// - Throws: ``ClientError`` with code `.stateUnusable` if the directory cannot be created, or if it or a journal
    ///   cannot be read.
    public init(stateDirectory: FilePath) throws {
        entries = try StateDirectory(stateDirectory).heads().filter { !$0.head.upload.isEmpty }.map { path, head in
            let names = head.remotePath.split(separator: "/").map(String.init)
            return Entry(
                item: UploadItem(
                    source: FilePath(head.source),
                    name: names.last ?? "",
                    folders: names.dropLast(),
                    tags: head.tags,
                    metadata: head.metadata
                ),
                destination: head.destinationKind == "parent" ? .folder(head.destination) : .project(head.destination),
                endpoint: head.endpoint,
                uploadID: head.upload,
                conflictPolicy: head.onConflict.flatMap { .init(rawValue: $0) } ?? .fail,
                began: head.began,
                journal: path
            )
        }
    }

    /// Deletes the journals of uploads, for example after the uploads were aborted.
    ///
    /// Blocks the calling thread. Journals that another process has locked are not deleted. The uploads remain in
    /// ``entries``.
    ///
    /// - Parameter uploads: Ids of the uploads. Ids that are not in ``entries`` are ignored.
    /// - Throws: ``ClientError`` with code `.stateUnusable` if a journal cannot be deleted.
    public func forget(_ uploads: Set<String>) throws {
        for entry in entries where uploads.contains(entry.uploadID) {
            let key = JournalKey(
                endpoint: entry.endpoint,
                destination: entry.destination,
                source: entry.item.source.string,
                remotePath: entry.item.remotePath
            )
            do {
                try Journal<JournalHead>(entry.journal, for: key.work).remove()
            } catch let error as ClientError where error.code == .busy {
                continue
            }
        }
    }
}
